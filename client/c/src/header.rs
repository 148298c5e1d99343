//! The C header, made from the layouts of `wire`, the codes and structs of this crate, and the
//! declarations below.

use std::fmt::Write;

use client::Policy;
use wire::BookState;

use crate::ABI_VERSION;
use crate::error::Code;
use crate::handle::EVENT_KINDS;
use crate::types::SHAPES;

const BEGIN: &str = "\
/* hotlane.h: read market data of a Hotlane instance from C and C++.
 *
 * Generated; do not edit. HOTLANE_BLESS=1 cargo test -p client-c --test header writes it anew.
 *
 *   hotlane_options options = {0};
 *   options.size = sizeof options;
 *   options.instance = \"main\";
 *   hotlane_client *client;
 *   if (hotlane_open(&options, &client) != HOTLANE_OK) puts(hotlane_last_error());
 *
 * A client is used by one thread at a time. Link with -lhotlane, or with libhotlane.a and
 * -lpthread -ldl -lm.
 */
#ifndef HOTLANE_H
#define HOTLANE_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern \"C\" {
#define HOTLANE_ASSERT static_assert
#else
#define HOTLANE_ASSERT _Static_assert
#endif

";

const STRUCTS: &str = "\
typedef struct hotlane_client hotlane_client;

/* What to attach to. Zero everything, then set size and instance. */
typedef struct {
    uint32_t size;               /* sizeof(hotlane_options) */
    uint32_t classes;            /* HOTLANE_CLASS_*; 0: top, trades and reference */
    const char *instance;        /* name of the instance */
    const char *root;            /* directory of instances; NULL: /dev/shm */
    const char *lanes;           /* separated by commas; NULL: all */
    const char *symbols;         /* separated by commas; NULL: all */
    uint64_t attach_timeout_ns;  /* 0: hotlane_open does not wait, and polls attach */
    uint32_t seat;               /* 0: any that is free; else its number + 1 */
    uint32_t book_orders;        /* orders that there is room for at first; 0: a default */
    uint16_t depth;              /* levels a side in refreshes; 0: all */
    uint8_t policy;              /* HOTLANE_POLICY_* */
    uint8_t books;               /* 1: keep books of the records handed out */
    uint32_t reserved;           /* zero */
} hotlane_options;

/* Something that is not a record. */
typedef struct {
    uint32_t kind;            /* HOTLANE_EVENT_* */
    uint32_t lane;
    uint64_t generation;
    uint64_t value;           /* stalled: ns; new generation: the one before; resynced: records
                                 skipped; missed: events */
    uint64_t records_before;  /* records that polls had handed out before it */
    char reason[32];          /* detached: why */
} hotlane_event;

/* Best prices of a book; HOTLANE_NONE where a side is empty. */
typedef struct {
    int64_t bid_price;
    int64_t bid_quantity;
    int64_t ask_price;
    int64_t ask_quantity;
    uint8_t state;        /* HOTLANE_STATE_* */
    uint8_t usable;       /* 1: complete, beyond doubt, and live. Trade on nothing else. */
    uint8_t reserved[6];
} hotlane_best_prices;

typedef struct {
    int64_t price;
    int64_t quantity;
    uint32_t orders;    /* UINT32_MAX: unknown */
    uint32_t reserved;
} hotlane_book_level;

/* Prices and quantities are multiples of 10 to the power of their exponents. */
typedef struct {
    uint32_t instrument;
    uint16_t channel;
    int8_t price_exp;
    int8_t quantity_exp;
    int64_t tick;
    int64_t lot;
} hotlane_instrument;

";

const FUNCTIONS: &str = "
/* HOTLANE_ABI_VERSION, HOTLANE_LAYOUT_HASH and release of the library that is linked. */
uint32_t hotlane_abi_version(void);
uint64_t hotlane_layout_hash(void);
const char *hotlane_version(void);

/* What a code means; what went wrong last on this thread, valid until its next call. */
const char *hotlane_error_text(int32_t code);
const char *hotlane_last_error(void);

/* Attaches; *client is NULL on an error. */
int32_t hotlane_open(const hotlane_options *options, hotlane_client **client);

/* Copies at most capacity records, and the lane of each unless lanes is NULL. Returns how many, or
 * a negative code. Waits for the first at most timeout_ns, and not if an event is pending. */
int64_t hotlane_poll(hotlane_client *client, hotlane_record *records, uint32_t *lanes,
                     size_t capacity, uint64_t timeout_ns);

/* 1 and the oldest event not asked for yet, 0: none, or a negative code. */
int32_t hotlane_next_event(hotlane_client *client, hotlane_event *event);

/* Gives up everything unread and asks for refreshes. Returns the records skipped. */
int64_t hotlane_resync(hotlane_client *client);

/* Records behind the producer. */
int64_t hotlane_lag(hotlane_client *client);

/* Copies a symbol, NUL-terminated and cut to capacity. Returns its whole length. */
int64_t hotlane_symbol(hotlane_client *client, uint32_t lane, uint32_t instrument, char *buffer,
                       size_t capacity);
int32_t hotlane_find(hotlane_client *client, const char *symbol, uint32_t *lane,
                     uint32_t *instrument);
int32_t hotlane_instrument_info(hotlane_client *client, uint32_t lane, uint32_t instrument,
                                hotlane_instrument *out);

/* Books, if options.books was 1: HOTLANE_E_NO_BOOK while one is not complete. Side: 0 bid, 1 ask.
 * Levels come best first; hotlane_levels returns how many. */
int32_t hotlane_best(hotlane_client *client, uint32_t lane, uint32_t instrument,
                     hotlane_best_prices *out);
int64_t hotlane_levels(hotlane_client *client, uint32_t lane, uint32_t instrument, uint32_t side,
                       hotlane_book_level *out, size_t capacity);

/* Gives the seats back. */
void hotlane_close(hotlane_client *client);

#undef HOTLANE_ASSERT
#ifdef __cplusplus
}
#endif

#endif /* HOTLANE_H */
";

/// The header.
pub fn text() -> String {
    let mut out = String::from(BEGIN);
    let _ = writeln!(out, "#define HOTLANE_ABI_VERSION {ABI_VERSION}u");
    out.push_str(&for_cpp_too(&wire::c_header::declarations()));
    out.push_str("\n/* What functions answer: 0 or above is success. */\n");
    for code in Code::ALL {
        let meaning = code.text().to_string_lossy();
        let _ = writeln!(out, "#define {} ({}) /* {meaning} */", code.constant(), *code as i32);
    }
    out.push_str("\n/* What happens to a consumer that is too slow. */\n");
    for policy in Policy::ALL {
        let name = policy.name().to_uppercase();
        let _ = writeln!(out, "#define HOTLANE_POLICY_{name} {}u", policy as u8);
    }
    out.push_str("\n/* State of a book: bits 0 to 2 of a record's quality. */\n");
    for state in BookState::ALL {
        let name = state.name().to_uppercase();
        let _ = writeln!(out, "#define HOTLANE_STATE_{name} {}u", *state as u8);
    }
    out.push_str("\n/* Kinds of events. */\n");
    for (name, value) in EVENT_KINDS {
        let _ = writeln!(out, "#define HOTLANE_EVENT_{name} {value}u");
    }
    out.push('\n');
    out.push_str(STRUCTS);
    assertions(&mut out);
    out.push_str(FUNCTIONS);
    out
}

/// Names of fields that are words of C++, and their names in the header.
const CPP_WORDS: [(&str, &str); 2] = [("class", "instrument_class"), ("new", "new_state")];

/// C++ has no `_Static_assert`, and some names of fields are words of its own there.
fn for_cpp_too(c: &str) -> String {
    let mut out = c.replace("_Static_assert(", "HOTLANE_ASSERT(");
    for (word, instead) in CPP_WORDS {
        out = out.replace(&format!(" {word};"), &format!(" {instead};"));
        out = out.replace(&format!(".{word})"), &format!(".{instead})"));
    }
    out
}

fn assertions(out: &mut String) {
    // Options hold pointers: their offsets are those of 64-bit programs, which is all there are.
    for shape in SHAPES {
        let (name, size) = (shape.name, shape.size);
        let _ = writeln!(out, "HOTLANE_ASSERT(sizeof({name}) == {size}, \"{name}\");");
        for (field, offset) in shape.fields {
            let _ = writeln!(
                out,
                "HOTLANE_ASSERT(offsetof({name}, {field}) == {offset}, \"{name}.{field}\");"
            );
        }
    }
}
