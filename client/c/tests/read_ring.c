/* Follows an instance until its producer ends, and prints what it saw: an example of the ABI, and
 * the test of it. Usage: read_ring ROOT INSTANCE */
#include "hotlane.h"

#include <stdio.h>
#include <string.h>

#define ROOM 100 /* less than a batch, so that polls are cut short too */

static uint64_t checksum = 0xcbf29ce484222325u;
static unsigned long market, other, from_lane[8];

/* What every seat sees alike: not the refreshes and markers that are one seat's own. */
static int is_market(const hotlane_record *record) {
    return !(record->quality & 0x40) && record->kind >= HOTLANE_KIND_ORDER_ADD &&
           !(record->kind >= HOTLANE_KIND_BOOK_BEGIN && record->kind <= HOTLANE_KIND_EVENT_END);
}

static void take(const hotlane_record *record, uint32_t lane) {
    unsigned char bytes[sizeof *record];
    size_t at;
    from_lane[lane & 7]++;
    if (!is_market(record)) {
        other++;
        return;
    }
    market++;
    memcpy(bytes, record, sizeof bytes);
    for (at = 0; at < sizeof bytes; at++) {
        checksum = (checksum ^ bytes[at]) * 0x100000001b3u;
    }
}

static int fail(const char *what, long code) {
    printf("error %s %ld: %s: %s\n", what, code, hotlane_error_text((int32_t)code),
           hotlane_last_error());
    return 1;
}

static void print_book(hotlane_client *client, const char *symbol) {
    uint32_t lane, instrument;
    hotlane_best_prices best;
    hotlane_instrument info;
    hotlane_book_level levels[64];
    char name[64];
    int64_t bids, asks;
    if (hotlane_find(client, symbol, &lane, &instrument) != HOTLANE_OK) {
        printf("symbol %s unknown: %s\n", symbol, hotlane_last_error());
        return;
    }
    if (hotlane_symbol(client, lane, instrument, name, sizeof name) < 0 ||
        hotlane_instrument_info(client, lane, instrument, &info) != HOTLANE_OK ||
        hotlane_best(client, lane, instrument, &best) != HOTLANE_OK) {
        printf("book %s missing: %s\n", symbol, hotlane_last_error());
        return;
    }
    bids = hotlane_levels(client, lane, instrument, 0, levels, 64);
    asks = hotlane_levels(client, lane, instrument, 1, levels, 64);
    printf("book %s %08x e%d %lld %lld %lld %lld levels %lld %lld usable %u\n", name,
           (unsigned)instrument, info.price_exp, (long long)best.bid_price,
           (long long)best.bid_quantity, (long long)best.ask_price, (long long)best.ask_quantity,
           (long long)bids, (long long)asks, best.usable);
}

/* Symbols can be read while there is a producer, so the books are printed before it has ended: when
 * the trade with the number that the test gives its last one has come. */
static int is_last(const hotlane_record *record) {
    return record->kind == HOTLANE_KIND_TRADE && record->payload.trade.trade_id == 999999999u;
}

static int follow(hotlane_client *client) {
    static hotlane_record records[ROOM];
    static uint32_t lanes[ROOM];
    for (;;) {
        hotlane_event event;
        int64_t at, got = hotlane_poll(client, records, lanes, ROOM, 1000000);
        int32_t told;
        if (got < 0) {
            return fail("poll", (long)got);
        }
        for (at = 0; at < got; at++) {
            take(&records[at], lanes[at]);
            if (is_last(&records[at])) {
                print_book(client, "S1");
                print_book(client, "S2.TEST");
                print_book(client, "NONE");
                fflush(stdout);
            }
        }
        while ((told = hotlane_next_event(client, &event)) == 1) {
            if (event.kind == HOTLANE_EVENT_ATTACHED) {
                printf("attached lane %u\n", (unsigned)event.lane);
                fflush(stdout);
            } else if (event.kind == HOTLANE_EVENT_CLOSED) {
                printf("closed after %llu\n", (unsigned long long)event.records_before);
                return 0;
            } else if (event.kind == HOTLANE_EVENT_DETACHED &&
                       strcmp(event.reason, "producer_closed") != 0) {
                /* One lane of several may end before the others: then the rest goes on. */
                printf("detached %s\n", event.reason);
                return 1;
            }
        }
        if (told < 0) {
            return fail("event", told);
        }
    }
}

int main(int count, char **arguments) {
    hotlane_options options = {0};
    hotlane_client *client = NULL;
    int32_t code;
    int failed;
    if (count != 3) {
        fprintf(stderr, "usage: read_ring ROOT INSTANCE\n");
        return 2;
    }
    if (hotlane_layout_hash() != HOTLANE_LAYOUT_HASH ||
        hotlane_abi_version() != HOTLANE_ABI_VERSION) {
        fprintf(stderr, "header and library do not fit\n");
        return 1;
    }
    options.size = sizeof options;
    options.root = arguments[1];
    options.instance = arguments[2];
    options.classes = HOTLANE_CLASS_ORDERS | HOTLANE_CLASS_TRADES;
    options.policy = HOTLANE_POLICY_WAIT;
    options.books = 1;
    options.attach_timeout_ns = 20000000000u;
    code = hotlane_open(&options, &client);
    if (code != HOTLANE_OK) {
        return fail("open", code);
    }
    failed = follow(client);
    printf("market %lu other %lu lanes %lu %lu checksum %016llx\n", market, other, from_lane[0],
           from_lane[1], (unsigned long long)checksum);
    hotlane_close(client);
    return failed;
}
