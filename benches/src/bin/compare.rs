//! `compare`: Hotlane and its peers, side by side.

fn main() {
    for section in benches::sections::SECTIONS {
        println!("{:10} {}", section.name, section.about);
    }
}
