/* hotlane.h: read market data of a Hotlane instance from C and C++.
 *
 * Generated; do not edit. HOTLANE_BLESS=1 cargo test -p client-c --test header writes it anew.
 *
 *   hotlane_options options = {0};
 *   options.size = sizeof options;
 *   options.instance = "main";
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
extern "C" {
#define HOTLANE_ASSERT static_assert
#else
#define HOTLANE_ASSERT _Static_assert
#endif

#define HOTLANE_ABI_VERSION 1u
#define HOTLANE_LAYOUT_HASH 0x2eee50e48dc74ec3ull
#define HOTLANE_NONE INT64_MIN

/* Classes: bits of a class set. */
#define HOTLANE_CLASS_STREAM 0x01u
#define HOTLANE_CLASS_ORDERS 0x02u
#define HOTLANE_CLASS_LEVELS 0x04u
#define HOTLANE_CLASS_TOP 0x08u
#define HOTLANE_CLASS_TRADES 0x10u
#define HOTLANE_CLASS_REFERENCE 0x20u
#define HOTLANE_CLASS_QUOTES 0x40u
#define HOTLANE_CLASS_DERIVED 0x80u

/* Kinds. */
#define HOTLANE_KIND_GAP_BEGIN 1u
#define HOTLANE_KIND_GAP_END 2u
#define HOTLANE_KIND_LOST 3u
#define HOTLANE_KIND_HEARTBEAT 4u
#define HOTLANE_KIND_SESSION 5u
#define HOTLANE_KIND_CONNECTION 6u
#define HOTLANE_KIND_ORDER_ADD 16u
#define HOTLANE_KIND_ORDER_MODIFY 17u
#define HOTLANE_KIND_ORDER_REPLACE 18u
#define HOTLANE_KIND_ORDER_EXECUTE 19u
#define HOTLANE_KIND_ORDER_REDUCE 20u
#define HOTLANE_KIND_ORDER_DELETE 21u
#define HOTLANE_KIND_LEVEL 32u
#define HOTLANE_KIND_TOP 33u
#define HOTLANE_KIND_QUOTE 34u
#define HOTLANE_KIND_BOOK_BEGIN 35u
#define HOTLANE_KIND_BOOK_END 36u
#define HOTLANE_KIND_BOOK_STATE 37u
#define HOTLANE_KIND_EVENT_END 38u
#define HOTLANE_KIND_TRADE 48u
#define HOTLANE_KIND_TRADE_BREAK 49u
#define HOTLANE_KIND_STATUS 64u
#define HOTLANE_KIND_DEFINITION 65u
#define HOTLANE_KIND_AUCTION 66u
#define HOTLANE_KIND_PRICES 67u
#define HOTLANE_KIND_STATISTIC 68u
#define HOTLANE_KIND_MARK 80u
#define HOTLANE_KIND_FUNDING 81u
#define HOTLANE_KIND_OPEN_INTEREST 82u
#define HOTLANE_KIND_LIQUIDATION 83u
#define HOTLANE_KIND_FEATURE 96u
#define HOTLANE_KIND_SIGNAL 97u

/* Payloads: bytes 32 to 63 of a record. */
typedef struct {
    uint64_t first;
    uint64_t end;
    uint32_t gap_id;
    uint16_t channel;
    uint8_t lines;
    uint8_t how;
    uint64_t open_ns;
} hotlane_gap_begin;
typedef struct {
    uint64_t first;
    uint64_t end;
    uint32_t gap_id;
    uint16_t channel;
    uint8_t lines;
    uint8_t how;
    uint64_t open_ns;
} hotlane_gap_end;
typedef struct {
    uint64_t first_step;
    uint64_t last_step;
    uint64_t records;
    uint32_t trades;
    uint32_t instruments;
} hotlane_lost;
typedef struct {
    uint64_t lane_now;
    uint64_t venue_sequence;
    uint16_t channel;
    uint8_t lines_up;
    uint8_t _pad0[13];
} hotlane_heartbeat;
typedef struct {
    uint8_t id[16];
    uint64_t first_sequence;
    uint32_t date;
    uint16_t channel;
    uint8_t event;
    uint8_t _pad0;
} hotlane_session;
typedef struct {
    uint8_t state;
    uint8_t line;
    uint16_t channel;
    uint32_t reconnects;
    uint64_t since_ns;
    uint64_t reason;
    uint64_t _pad0;
} hotlane_connection;
typedef struct {
    uint64_t order_id;
    int64_t price;
    int64_t quantity;
    uint8_t priority[8];
} hotlane_order_add;
typedef struct {
    uint64_t order_id;
    int64_t price;
    int64_t quantity;
    uint64_t priority;
} hotlane_order_modify;
typedef struct {
    uint64_t old_id;
    uint64_t new_id;
    int64_t price;
    int64_t quantity;
} hotlane_order_replace;
typedef struct {
    uint64_t order_id;
    int64_t price;
    int64_t executed;
    uint64_t trade_id;
} hotlane_order_execute;
typedef struct {
    uint64_t order_id;
    int64_t price;
    int64_t reduced_by;
    int64_t remaining;
} hotlane_order_reduce;
typedef struct {
    uint64_t order_id;
    int64_t price;
    int64_t removed;
    uint8_t cause;
    uint8_t _pad0[7];
} hotlane_order_delete;
typedef struct {
    int64_t price;
    int64_t quantity;
    uint64_t update_id;
    uint32_t orders;
    uint16_t position;
    uint16_t flags;
} hotlane_level;
typedef struct {
    int64_t bid_price;
    int64_t bid_quantity;
    int64_t ask_price;
    int64_t ask_quantity;
} hotlane_top;
typedef struct {
    int64_t bid_price;
    int64_t bid_quantity;
    int64_t ask_price;
    int64_t ask_quantity;
} hotlane_quote;
typedef struct {
    uint8_t cause;
    uint8_t depth;
    uint8_t _pad0[6];
    uint64_t update_id;
    uint32_t bids;
    uint32_t asks;
    uint64_t _pad1;
} hotlane_book_begin;
typedef struct {
    uint8_t cause;
    uint8_t depth;
    uint8_t _pad0[6];
    uint64_t update_id;
    uint32_t bids;
    uint32_t asks;
    uint64_t _pad1;
} hotlane_book_end;
typedef struct {
    uint8_t new_state;
    uint8_t old;
    uint8_t cause;
    uint8_t _pad0[5];
    uint64_t gap_id;
    uint64_t first;
    uint64_t end;
} hotlane_book_state;
typedef struct {
    uint64_t _pad0[4];
} hotlane_event_end;
typedef struct {
    int64_t price;
    int64_t quantity;
    uint64_t trade_id;
    uint8_t aggressor;
    uint8_t flags;
    uint16_t condition;
    uint32_t matches;
} hotlane_trade;
typedef struct {
    uint64_t trade_id;
    int64_t price;
    int64_t quantity;
    uint64_t flags;
} hotlane_trade_break;
typedef struct {
    uint8_t state;
    uint8_t scope;
    uint8_t short_sale;
    uint8_t market;
    uint8_t reason[4];
    uint64_t effective_ns;
    int64_t lower_band;
    int64_t upper_band;
} hotlane_status;
typedef struct {
    uint8_t action;
    uint8_t instrument_class;
    int8_t price_exp;
    int8_t quantity_exp;
    int8_t multiplier_exp;
    uint8_t _pad0[3];
    int64_t tick;
    int64_t lot;
    int64_t multiplier;
} hotlane_definition;
typedef struct {
    int64_t clearing_price;
    int64_t paired;
    int64_t imbalance;
    uint8_t cross;
    uint8_t variation;
    uint16_t flags;
    uint32_t time_s;
} hotlane_auction;
typedef struct {
    uint8_t tags[3];
    uint8_t _pad0[5];
    int64_t p0;
    int64_t p1;
    int64_t p2;
} hotlane_prices;
typedef struct {
    uint8_t tag;
    uint8_t _pad0[7];
    int64_t price;
    int64_t quantity;
    uint64_t ts_ref;
} hotlane_statistic;
typedef struct {
    int64_t mark;
    int64_t index;
    int64_t settlement;
    uint64_t _pad0;
} hotlane_mark;
typedef struct {
    int64_t rate;
    int64_t second_rate;
    uint64_t next_ns;
    uint32_t interval_s;
    uint32_t flags;
} hotlane_funding;
typedef struct {
    int64_t amount;
    int64_t value;
    uint64_t ts_ref;
    uint8_t unit;
    uint8_t _pad0[7];
} hotlane_open_interest;
typedef struct {
    int64_t average_price;
    int64_t filled;
    int64_t order_price;
    uint64_t trade_id;
} hotlane_liquidation;
typedef struct {
    uint16_t feature_id;
    uint8_t part;
    uint8_t cause_lane;
    uint32_t flags;
    uint64_t cause_sequence;
    uint64_t value_0;
    uint64_t value_1;
} hotlane_feature;
typedef struct {
    uint16_t signal_id;
    int8_t direction;
    uint8_t cause_lane;
    uint32_t flags;
    uint64_t cause_sequence;
    uint64_t strength;
    uint64_t horizon_ns;
} hotlane_signal;

/* A record: 64 bytes, one cache line. */
typedef struct {
    uint8_t commit;
    uint8_t kind;
    uint8_t quality;
    uint8_t origin;
    uint32_t instrument;
    uint64_t sequence;
    uint64_t ts_venue;
    uint64_t ts_receive;
    union {
        uint64_t words[4];
        hotlane_gap_begin gap_begin;
        hotlane_gap_end gap_end;
        hotlane_lost lost;
        hotlane_heartbeat heartbeat;
        hotlane_session session;
        hotlane_connection connection;
        hotlane_order_add order_add;
        hotlane_order_modify order_modify;
        hotlane_order_replace order_replace;
        hotlane_order_execute order_execute;
        hotlane_order_reduce order_reduce;
        hotlane_order_delete order_delete;
        hotlane_level level;
        hotlane_top top;
        hotlane_quote quote;
        hotlane_book_begin book_begin;
        hotlane_book_end book_end;
        hotlane_book_state book_state;
        hotlane_event_end event_end;
        hotlane_trade trade;
        hotlane_trade_break trade_break;
        hotlane_status status;
        hotlane_definition definition;
        hotlane_auction auction;
        hotlane_prices prices;
        hotlane_statistic statistic;
        hotlane_mark mark;
        hotlane_funding funding;
        hotlane_open_interest open_interest;
        hotlane_liquidation liquidation;
        hotlane_feature feature;
        hotlane_signal signal;
    } payload;
} hotlane_record;

HOTLANE_ASSERT(sizeof(hotlane_record) == 64, "record");
HOTLANE_ASSERT(offsetof(hotlane_record, commit) == 0, "commit");
HOTLANE_ASSERT(offsetof(hotlane_record, kind) == 1, "kind");
HOTLANE_ASSERT(offsetof(hotlane_record, quality) == 2, "quality");
HOTLANE_ASSERT(offsetof(hotlane_record, origin) == 3, "origin");
HOTLANE_ASSERT(offsetof(hotlane_record, instrument) == 4, "instrument");
HOTLANE_ASSERT(offsetof(hotlane_record, sequence) == 8, "sequence");
HOTLANE_ASSERT(offsetof(hotlane_record, ts_venue) == 16, "ts_venue");
HOTLANE_ASSERT(offsetof(hotlane_record, ts_receive) == 24, "ts_receive");
HOTLANE_ASSERT(sizeof(hotlane_gap_begin) == 32, "gap_begin");
HOTLANE_ASSERT(offsetof(hotlane_record, payload.gap_begin.first) == 32, "gap_begin.first");
HOTLANE_ASSERT(offsetof(hotlane_record, payload.gap_begin.end) == 40, "gap_begin.end");
HOTLANE_ASSERT(offsetof(hotlane_record, payload.gap_begin.gap_id) == 48, "gap_begin.gap_id");
HOTLANE_ASSERT(offsetof(hotlane_record, payload.gap_begin.channel) == 52, "gap_begin.channel");
HOTLANE_ASSERT(offsetof(hotlane_record, payload.gap_begin.lines) == 54, "gap_begin.lines");
HOTLANE_ASSERT(offsetof(hotlane_record, payload.gap_begin.how) == 55, "gap_begin.how");
HOTLANE_ASSERT(offsetof(hotlane_record, payload.gap_begin.open_ns) == 56, "gap_begin.open_ns");
HOTLANE_ASSERT(sizeof(hotlane_gap_end) == 32, "gap_end");
HOTLANE_ASSERT(offsetof(hotlane_record, payload.gap_end.first) == 32, "gap_end.first");
HOTLANE_ASSERT(offsetof(hotlane_record, payload.gap_end.end) == 40, "gap_end.end");
HOTLANE_ASSERT(offsetof(hotlane_record, payload.gap_end.gap_id) == 48, "gap_end.gap_id");
HOTLANE_ASSERT(offsetof(hotlane_record, payload.gap_end.channel) == 52, "gap_end.channel");
HOTLANE_ASSERT(offsetof(hotlane_record, payload.gap_end.lines) == 54, "gap_end.lines");
HOTLANE_ASSERT(offsetof(hotlane_record, payload.gap_end.how) == 55, "gap_end.how");
HOTLANE_ASSERT(offsetof(hotlane_record, payload.gap_end.open_ns) == 56, "gap_end.open_ns");
HOTLANE_ASSERT(sizeof(hotlane_lost) == 32, "lost");
HOTLANE_ASSERT(offsetof(hotlane_record, payload.lost.first_step) == 32, "lost.first_step");
HOTLANE_ASSERT(offsetof(hotlane_record, payload.lost.last_step) == 40, "lost.last_step");
HOTLANE_ASSERT(offsetof(hotlane_record, payload.lost.records) == 48, "lost.records");
HOTLANE_ASSERT(offsetof(hotlane_record, payload.lost.trades) == 56, "lost.trades");
HOTLANE_ASSERT(offsetof(hotlane_record, payload.lost.instruments) == 60, "lost.instruments");
HOTLANE_ASSERT(sizeof(hotlane_heartbeat) == 32, "heartbeat");
HOTLANE_ASSERT(offsetof(hotlane_record, payload.heartbeat.lane_now) == 32, "heartbeat.lane_now");
HOTLANE_ASSERT(offsetof(hotlane_record, payload.heartbeat.venue_sequence) == 40, "heartbeat.venue_sequence");
HOTLANE_ASSERT(offsetof(hotlane_record, payload.heartbeat.channel) == 48, "heartbeat.channel");
HOTLANE_ASSERT(offsetof(hotlane_record, payload.heartbeat.lines_up) == 50, "heartbeat.lines_up");
HOTLANE_ASSERT(offsetof(hotlane_record, payload.heartbeat._pad0) == 51, "heartbeat._pad0");
HOTLANE_ASSERT(sizeof(hotlane_session) == 32, "session");
HOTLANE_ASSERT(offsetof(hotlane_record, payload.session.id) == 32, "session.id");
HOTLANE_ASSERT(offsetof(hotlane_record, payload.session.first_sequence) == 48, "session.first_sequence");
HOTLANE_ASSERT(offsetof(hotlane_record, payload.session.date) == 56, "session.date");
HOTLANE_ASSERT(offsetof(hotlane_record, payload.session.channel) == 60, "session.channel");
HOTLANE_ASSERT(offsetof(hotlane_record, payload.session.event) == 62, "session.event");
HOTLANE_ASSERT(offsetof(hotlane_record, payload.session._pad0) == 63, "session._pad0");
HOTLANE_ASSERT(sizeof(hotlane_connection) == 32, "connection");
HOTLANE_ASSERT(offsetof(hotlane_record, payload.connection.state) == 32, "connection.state");
HOTLANE_ASSERT(offsetof(hotlane_record, payload.connection.line) == 33, "connection.line");
HOTLANE_ASSERT(offsetof(hotlane_record, payload.connection.channel) == 34, "connection.channel");
HOTLANE_ASSERT(offsetof(hotlane_record, payload.connection.reconnects) == 36, "connection.reconnects");
HOTLANE_ASSERT(offsetof(hotlane_record, payload.connection.since_ns) == 40, "connection.since_ns");
HOTLANE_ASSERT(offsetof(hotlane_record, payload.connection.reason) == 48, "connection.reason");
HOTLANE_ASSERT(offsetof(hotlane_record, payload.connection._pad0) == 56, "connection._pad0");
HOTLANE_ASSERT(sizeof(hotlane_order_add) == 32, "order_add");
HOTLANE_ASSERT(offsetof(hotlane_record, payload.order_add.order_id) == 32, "order_add.order_id");
HOTLANE_ASSERT(offsetof(hotlane_record, payload.order_add.price) == 40, "order_add.price");
HOTLANE_ASSERT(offsetof(hotlane_record, payload.order_add.quantity) == 48, "order_add.quantity");
HOTLANE_ASSERT(offsetof(hotlane_record, payload.order_add.priority) == 56, "order_add.priority");
HOTLANE_ASSERT(sizeof(hotlane_order_modify) == 32, "order_modify");
HOTLANE_ASSERT(offsetof(hotlane_record, payload.order_modify.order_id) == 32, "order_modify.order_id");
HOTLANE_ASSERT(offsetof(hotlane_record, payload.order_modify.price) == 40, "order_modify.price");
HOTLANE_ASSERT(offsetof(hotlane_record, payload.order_modify.quantity) == 48, "order_modify.quantity");
HOTLANE_ASSERT(offsetof(hotlane_record, payload.order_modify.priority) == 56, "order_modify.priority");
HOTLANE_ASSERT(sizeof(hotlane_order_replace) == 32, "order_replace");
HOTLANE_ASSERT(offsetof(hotlane_record, payload.order_replace.old_id) == 32, "order_replace.old_id");
HOTLANE_ASSERT(offsetof(hotlane_record, payload.order_replace.new_id) == 40, "order_replace.new_id");
HOTLANE_ASSERT(offsetof(hotlane_record, payload.order_replace.price) == 48, "order_replace.price");
HOTLANE_ASSERT(offsetof(hotlane_record, payload.order_replace.quantity) == 56, "order_replace.quantity");
HOTLANE_ASSERT(sizeof(hotlane_order_execute) == 32, "order_execute");
HOTLANE_ASSERT(offsetof(hotlane_record, payload.order_execute.order_id) == 32, "order_execute.order_id");
HOTLANE_ASSERT(offsetof(hotlane_record, payload.order_execute.price) == 40, "order_execute.price");
HOTLANE_ASSERT(offsetof(hotlane_record, payload.order_execute.executed) == 48, "order_execute.executed");
HOTLANE_ASSERT(offsetof(hotlane_record, payload.order_execute.trade_id) == 56, "order_execute.trade_id");
HOTLANE_ASSERT(sizeof(hotlane_order_reduce) == 32, "order_reduce");
HOTLANE_ASSERT(offsetof(hotlane_record, payload.order_reduce.order_id) == 32, "order_reduce.order_id");
HOTLANE_ASSERT(offsetof(hotlane_record, payload.order_reduce.price) == 40, "order_reduce.price");
HOTLANE_ASSERT(offsetof(hotlane_record, payload.order_reduce.reduced_by) == 48, "order_reduce.reduced_by");
HOTLANE_ASSERT(offsetof(hotlane_record, payload.order_reduce.remaining) == 56, "order_reduce.remaining");
HOTLANE_ASSERT(sizeof(hotlane_order_delete) == 32, "order_delete");
HOTLANE_ASSERT(offsetof(hotlane_record, payload.order_delete.order_id) == 32, "order_delete.order_id");
HOTLANE_ASSERT(offsetof(hotlane_record, payload.order_delete.price) == 40, "order_delete.price");
HOTLANE_ASSERT(offsetof(hotlane_record, payload.order_delete.removed) == 48, "order_delete.removed");
HOTLANE_ASSERT(offsetof(hotlane_record, payload.order_delete.cause) == 56, "order_delete.cause");
HOTLANE_ASSERT(offsetof(hotlane_record, payload.order_delete._pad0) == 57, "order_delete._pad0");
HOTLANE_ASSERT(sizeof(hotlane_level) == 32, "level");
HOTLANE_ASSERT(offsetof(hotlane_record, payload.level.price) == 32, "level.price");
HOTLANE_ASSERT(offsetof(hotlane_record, payload.level.quantity) == 40, "level.quantity");
HOTLANE_ASSERT(offsetof(hotlane_record, payload.level.update_id) == 48, "level.update_id");
HOTLANE_ASSERT(offsetof(hotlane_record, payload.level.orders) == 56, "level.orders");
HOTLANE_ASSERT(offsetof(hotlane_record, payload.level.position) == 60, "level.position");
HOTLANE_ASSERT(offsetof(hotlane_record, payload.level.flags) == 62, "level.flags");
HOTLANE_ASSERT(sizeof(hotlane_top) == 32, "top");
HOTLANE_ASSERT(offsetof(hotlane_record, payload.top.bid_price) == 32, "top.bid_price");
HOTLANE_ASSERT(offsetof(hotlane_record, payload.top.bid_quantity) == 40, "top.bid_quantity");
HOTLANE_ASSERT(offsetof(hotlane_record, payload.top.ask_price) == 48, "top.ask_price");
HOTLANE_ASSERT(offsetof(hotlane_record, payload.top.ask_quantity) == 56, "top.ask_quantity");
HOTLANE_ASSERT(sizeof(hotlane_quote) == 32, "quote");
HOTLANE_ASSERT(offsetof(hotlane_record, payload.quote.bid_price) == 32, "quote.bid_price");
HOTLANE_ASSERT(offsetof(hotlane_record, payload.quote.bid_quantity) == 40, "quote.bid_quantity");
HOTLANE_ASSERT(offsetof(hotlane_record, payload.quote.ask_price) == 48, "quote.ask_price");
HOTLANE_ASSERT(offsetof(hotlane_record, payload.quote.ask_quantity) == 56, "quote.ask_quantity");
HOTLANE_ASSERT(sizeof(hotlane_book_begin) == 32, "book_begin");
HOTLANE_ASSERT(offsetof(hotlane_record, payload.book_begin.cause) == 32, "book_begin.cause");
HOTLANE_ASSERT(offsetof(hotlane_record, payload.book_begin.depth) == 33, "book_begin.depth");
HOTLANE_ASSERT(offsetof(hotlane_record, payload.book_begin._pad0) == 34, "book_begin._pad0");
HOTLANE_ASSERT(offsetof(hotlane_record, payload.book_begin.update_id) == 40, "book_begin.update_id");
HOTLANE_ASSERT(offsetof(hotlane_record, payload.book_begin.bids) == 48, "book_begin.bids");
HOTLANE_ASSERT(offsetof(hotlane_record, payload.book_begin.asks) == 52, "book_begin.asks");
HOTLANE_ASSERT(offsetof(hotlane_record, payload.book_begin._pad1) == 56, "book_begin._pad1");
HOTLANE_ASSERT(sizeof(hotlane_book_end) == 32, "book_end");
HOTLANE_ASSERT(offsetof(hotlane_record, payload.book_end.cause) == 32, "book_end.cause");
HOTLANE_ASSERT(offsetof(hotlane_record, payload.book_end.depth) == 33, "book_end.depth");
HOTLANE_ASSERT(offsetof(hotlane_record, payload.book_end._pad0) == 34, "book_end._pad0");
HOTLANE_ASSERT(offsetof(hotlane_record, payload.book_end.update_id) == 40, "book_end.update_id");
HOTLANE_ASSERT(offsetof(hotlane_record, payload.book_end.bids) == 48, "book_end.bids");
HOTLANE_ASSERT(offsetof(hotlane_record, payload.book_end.asks) == 52, "book_end.asks");
HOTLANE_ASSERT(offsetof(hotlane_record, payload.book_end._pad1) == 56, "book_end._pad1");
HOTLANE_ASSERT(sizeof(hotlane_book_state) == 32, "book_state");
HOTLANE_ASSERT(offsetof(hotlane_record, payload.book_state.new_state) == 32, "book_state.new");
HOTLANE_ASSERT(offsetof(hotlane_record, payload.book_state.old) == 33, "book_state.old");
HOTLANE_ASSERT(offsetof(hotlane_record, payload.book_state.cause) == 34, "book_state.cause");
HOTLANE_ASSERT(offsetof(hotlane_record, payload.book_state._pad0) == 35, "book_state._pad0");
HOTLANE_ASSERT(offsetof(hotlane_record, payload.book_state.gap_id) == 40, "book_state.gap_id");
HOTLANE_ASSERT(offsetof(hotlane_record, payload.book_state.first) == 48, "book_state.first");
HOTLANE_ASSERT(offsetof(hotlane_record, payload.book_state.end) == 56, "book_state.end");
HOTLANE_ASSERT(sizeof(hotlane_event_end) == 32, "event_end");
HOTLANE_ASSERT(offsetof(hotlane_record, payload.event_end._pad0) == 32, "event_end._pad0");
HOTLANE_ASSERT(sizeof(hotlane_trade) == 32, "trade");
HOTLANE_ASSERT(offsetof(hotlane_record, payload.trade.price) == 32, "trade.price");
HOTLANE_ASSERT(offsetof(hotlane_record, payload.trade.quantity) == 40, "trade.quantity");
HOTLANE_ASSERT(offsetof(hotlane_record, payload.trade.trade_id) == 48, "trade.trade_id");
HOTLANE_ASSERT(offsetof(hotlane_record, payload.trade.aggressor) == 56, "trade.aggressor");
HOTLANE_ASSERT(offsetof(hotlane_record, payload.trade.flags) == 57, "trade.flags");
HOTLANE_ASSERT(offsetof(hotlane_record, payload.trade.condition) == 58, "trade.condition");
HOTLANE_ASSERT(offsetof(hotlane_record, payload.trade.matches) == 60, "trade.matches");
HOTLANE_ASSERT(sizeof(hotlane_trade_break) == 32, "trade_break");
HOTLANE_ASSERT(offsetof(hotlane_record, payload.trade_break.trade_id) == 32, "trade_break.trade_id");
HOTLANE_ASSERT(offsetof(hotlane_record, payload.trade_break.price) == 40, "trade_break.price");
HOTLANE_ASSERT(offsetof(hotlane_record, payload.trade_break.quantity) == 48, "trade_break.quantity");
HOTLANE_ASSERT(offsetof(hotlane_record, payload.trade_break.flags) == 56, "trade_break.flags");
HOTLANE_ASSERT(sizeof(hotlane_status) == 32, "status");
HOTLANE_ASSERT(offsetof(hotlane_record, payload.status.state) == 32, "status.state");
HOTLANE_ASSERT(offsetof(hotlane_record, payload.status.scope) == 33, "status.scope");
HOTLANE_ASSERT(offsetof(hotlane_record, payload.status.short_sale) == 34, "status.short_sale");
HOTLANE_ASSERT(offsetof(hotlane_record, payload.status.market) == 35, "status.market");
HOTLANE_ASSERT(offsetof(hotlane_record, payload.status.reason) == 36, "status.reason");
HOTLANE_ASSERT(offsetof(hotlane_record, payload.status.effective_ns) == 40, "status.effective_ns");
HOTLANE_ASSERT(offsetof(hotlane_record, payload.status.lower_band) == 48, "status.lower_band");
HOTLANE_ASSERT(offsetof(hotlane_record, payload.status.upper_band) == 56, "status.upper_band");
HOTLANE_ASSERT(sizeof(hotlane_definition) == 32, "definition");
HOTLANE_ASSERT(offsetof(hotlane_record, payload.definition.action) == 32, "definition.action");
HOTLANE_ASSERT(offsetof(hotlane_record, payload.definition.instrument_class) == 33, "definition.class");
HOTLANE_ASSERT(offsetof(hotlane_record, payload.definition.price_exp) == 34, "definition.price_exp");
HOTLANE_ASSERT(offsetof(hotlane_record, payload.definition.quantity_exp) == 35, "definition.quantity_exp");
HOTLANE_ASSERT(offsetof(hotlane_record, payload.definition.multiplier_exp) == 36, "definition.multiplier_exp");
HOTLANE_ASSERT(offsetof(hotlane_record, payload.definition._pad0) == 37, "definition._pad0");
HOTLANE_ASSERT(offsetof(hotlane_record, payload.definition.tick) == 40, "definition.tick");
HOTLANE_ASSERT(offsetof(hotlane_record, payload.definition.lot) == 48, "definition.lot");
HOTLANE_ASSERT(offsetof(hotlane_record, payload.definition.multiplier) == 56, "definition.multiplier");
HOTLANE_ASSERT(sizeof(hotlane_auction) == 32, "auction");
HOTLANE_ASSERT(offsetof(hotlane_record, payload.auction.clearing_price) == 32, "auction.clearing_price");
HOTLANE_ASSERT(offsetof(hotlane_record, payload.auction.paired) == 40, "auction.paired");
HOTLANE_ASSERT(offsetof(hotlane_record, payload.auction.imbalance) == 48, "auction.imbalance");
HOTLANE_ASSERT(offsetof(hotlane_record, payload.auction.cross) == 56, "auction.cross");
HOTLANE_ASSERT(offsetof(hotlane_record, payload.auction.variation) == 57, "auction.variation");
HOTLANE_ASSERT(offsetof(hotlane_record, payload.auction.flags) == 58, "auction.flags");
HOTLANE_ASSERT(offsetof(hotlane_record, payload.auction.time_s) == 60, "auction.time_s");
HOTLANE_ASSERT(sizeof(hotlane_prices) == 32, "prices");
HOTLANE_ASSERT(offsetof(hotlane_record, payload.prices.tags) == 32, "prices.tags");
HOTLANE_ASSERT(offsetof(hotlane_record, payload.prices._pad0) == 35, "prices._pad0");
HOTLANE_ASSERT(offsetof(hotlane_record, payload.prices.p0) == 40, "prices.p0");
HOTLANE_ASSERT(offsetof(hotlane_record, payload.prices.p1) == 48, "prices.p1");
HOTLANE_ASSERT(offsetof(hotlane_record, payload.prices.p2) == 56, "prices.p2");
HOTLANE_ASSERT(sizeof(hotlane_statistic) == 32, "statistic");
HOTLANE_ASSERT(offsetof(hotlane_record, payload.statistic.tag) == 32, "statistic.tag");
HOTLANE_ASSERT(offsetof(hotlane_record, payload.statistic._pad0) == 33, "statistic._pad0");
HOTLANE_ASSERT(offsetof(hotlane_record, payload.statistic.price) == 40, "statistic.price");
HOTLANE_ASSERT(offsetof(hotlane_record, payload.statistic.quantity) == 48, "statistic.quantity");
HOTLANE_ASSERT(offsetof(hotlane_record, payload.statistic.ts_ref) == 56, "statistic.ts_ref");
HOTLANE_ASSERT(sizeof(hotlane_mark) == 32, "mark");
HOTLANE_ASSERT(offsetof(hotlane_record, payload.mark.mark) == 32, "mark.mark");
HOTLANE_ASSERT(offsetof(hotlane_record, payload.mark.index) == 40, "mark.index");
HOTLANE_ASSERT(offsetof(hotlane_record, payload.mark.settlement) == 48, "mark.settlement");
HOTLANE_ASSERT(offsetof(hotlane_record, payload.mark._pad0) == 56, "mark._pad0");
HOTLANE_ASSERT(sizeof(hotlane_funding) == 32, "funding");
HOTLANE_ASSERT(offsetof(hotlane_record, payload.funding.rate) == 32, "funding.rate");
HOTLANE_ASSERT(offsetof(hotlane_record, payload.funding.second_rate) == 40, "funding.second_rate");
HOTLANE_ASSERT(offsetof(hotlane_record, payload.funding.next_ns) == 48, "funding.next_ns");
HOTLANE_ASSERT(offsetof(hotlane_record, payload.funding.interval_s) == 56, "funding.interval_s");
HOTLANE_ASSERT(offsetof(hotlane_record, payload.funding.flags) == 60, "funding.flags");
HOTLANE_ASSERT(sizeof(hotlane_open_interest) == 32, "open_interest");
HOTLANE_ASSERT(offsetof(hotlane_record, payload.open_interest.amount) == 32, "open_interest.amount");
HOTLANE_ASSERT(offsetof(hotlane_record, payload.open_interest.value) == 40, "open_interest.value");
HOTLANE_ASSERT(offsetof(hotlane_record, payload.open_interest.ts_ref) == 48, "open_interest.ts_ref");
HOTLANE_ASSERT(offsetof(hotlane_record, payload.open_interest.unit) == 56, "open_interest.unit");
HOTLANE_ASSERT(offsetof(hotlane_record, payload.open_interest._pad0) == 57, "open_interest._pad0");
HOTLANE_ASSERT(sizeof(hotlane_liquidation) == 32, "liquidation");
HOTLANE_ASSERT(offsetof(hotlane_record, payload.liquidation.average_price) == 32, "liquidation.average_price");
HOTLANE_ASSERT(offsetof(hotlane_record, payload.liquidation.filled) == 40, "liquidation.filled");
HOTLANE_ASSERT(offsetof(hotlane_record, payload.liquidation.order_price) == 48, "liquidation.order_price");
HOTLANE_ASSERT(offsetof(hotlane_record, payload.liquidation.trade_id) == 56, "liquidation.trade_id");
HOTLANE_ASSERT(sizeof(hotlane_feature) == 32, "feature");
HOTLANE_ASSERT(offsetof(hotlane_record, payload.feature.feature_id) == 32, "feature.feature_id");
HOTLANE_ASSERT(offsetof(hotlane_record, payload.feature.part) == 34, "feature.part");
HOTLANE_ASSERT(offsetof(hotlane_record, payload.feature.cause_lane) == 35, "feature.cause_lane");
HOTLANE_ASSERT(offsetof(hotlane_record, payload.feature.flags) == 36, "feature.flags");
HOTLANE_ASSERT(offsetof(hotlane_record, payload.feature.cause_sequence) == 40, "feature.cause_sequence");
HOTLANE_ASSERT(offsetof(hotlane_record, payload.feature.value_0) == 48, "feature.value_0");
HOTLANE_ASSERT(offsetof(hotlane_record, payload.feature.value_1) == 56, "feature.value_1");
HOTLANE_ASSERT(sizeof(hotlane_signal) == 32, "signal");
HOTLANE_ASSERT(offsetof(hotlane_record, payload.signal.signal_id) == 32, "signal.signal_id");
HOTLANE_ASSERT(offsetof(hotlane_record, payload.signal.direction) == 34, "signal.direction");
HOTLANE_ASSERT(offsetof(hotlane_record, payload.signal.cause_lane) == 35, "signal.cause_lane");
HOTLANE_ASSERT(offsetof(hotlane_record, payload.signal.flags) == 36, "signal.flags");
HOTLANE_ASSERT(offsetof(hotlane_record, payload.signal.cause_sequence) == 40, "signal.cause_sequence");
HOTLANE_ASSERT(offsetof(hotlane_record, payload.signal.strength) == 48, "signal.strength");
HOTLANE_ASSERT(offsetof(hotlane_record, payload.signal.horizon_ns) == 56, "signal.horizon_ns");

/* What functions answer: 0 or above is success. */
#define HOTLANE_OK (0) /* done */
#define HOTLANE_E_ARGUMENT (-1) /* an argument is NULL, out of range or not UTF-8 */
#define HOTLANE_E_SIZE (-2) /* options of another size: compile against this library's header */
#define HOTLANE_E_ABSENT (-3) /* no such instance, or its producer is dead */
#define HOTLANE_E_LAYOUT (-4) /* producer and library were built with different layouts */
#define HOTLANE_E_NO_SEAT (-5) /* every seat of a lane is taken */
#define HOTLANE_E_REFUSED (-6) /* the producer refused the request or did not answer */
#define HOTLANE_E_SYSTEM (-7) /* files or memory could not be used */
#define HOTLANE_E_UNKNOWN (-8) /* no such lane, instrument or symbol */
#define HOTLANE_E_NO_BOOK (-9) /* no book, or none that is complete now */
#define HOTLANE_E_INTERNAL (-10) /* a defect of the library; close the client */

/* What happens to a consumer that is too slow. */
#define HOTLANE_POLICY_LOSE 0u
#define HOTLANE_POLICY_CONFLATE 1u
#define HOTLANE_POLICY_DETACH 2u
#define HOTLANE_POLICY_WAIT 3u

/* State of a book: bits 0 to 2 of a record's quality. */
#define HOTLANE_STATE_NONE 0u
#define HOTLANE_STATE_BUILDING 1u
#define HOTLANE_STATE_LIVE 2u
#define HOTLANE_STATE_STALE 3u
#define HOTLANE_STATE_GAPPED 4u

/* Kinds of events. */
#define HOTLANE_EVENT_ATTACHED 1u
#define HOTLANE_EVENT_STALLED 2u
#define HOTLANE_EVENT_RESUMED 3u
#define HOTLANE_EVENT_PRODUCER_DEAD 4u
#define HOTLANE_EVENT_CLOSED 5u
#define HOTLANE_EVENT_NEW_GENERATION 6u
#define HOTLANE_EVENT_DETACHED 7u
#define HOTLANE_EVENT_RESYNCED 8u
#define HOTLANE_EVENT_FILTERED 9u
#define HOTLANE_EVENT_MISSED 10u

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

HOTLANE_ASSERT(sizeof(hotlane_options) == 64, "hotlane_options");
HOTLANE_ASSERT(offsetof(hotlane_options, size) == 0, "hotlane_options.size");
HOTLANE_ASSERT(offsetof(hotlane_options, classes) == 4, "hotlane_options.classes");
HOTLANE_ASSERT(offsetof(hotlane_options, instance) == 8, "hotlane_options.instance");
HOTLANE_ASSERT(offsetof(hotlane_options, root) == 16, "hotlane_options.root");
HOTLANE_ASSERT(offsetof(hotlane_options, lanes) == 24, "hotlane_options.lanes");
HOTLANE_ASSERT(offsetof(hotlane_options, symbols) == 32, "hotlane_options.symbols");
HOTLANE_ASSERT(offsetof(hotlane_options, attach_timeout_ns) == 40, "hotlane_options.attach_timeout_ns");
HOTLANE_ASSERT(offsetof(hotlane_options, seat) == 48, "hotlane_options.seat");
HOTLANE_ASSERT(offsetof(hotlane_options, book_orders) == 52, "hotlane_options.book_orders");
HOTLANE_ASSERT(offsetof(hotlane_options, depth) == 56, "hotlane_options.depth");
HOTLANE_ASSERT(offsetof(hotlane_options, policy) == 58, "hotlane_options.policy");
HOTLANE_ASSERT(offsetof(hotlane_options, books) == 59, "hotlane_options.books");
HOTLANE_ASSERT(offsetof(hotlane_options, reserved) == 60, "hotlane_options.reserved");
HOTLANE_ASSERT(sizeof(hotlane_event) == 64, "hotlane_event");
HOTLANE_ASSERT(offsetof(hotlane_event, kind) == 0, "hotlane_event.kind");
HOTLANE_ASSERT(offsetof(hotlane_event, lane) == 4, "hotlane_event.lane");
HOTLANE_ASSERT(offsetof(hotlane_event, generation) == 8, "hotlane_event.generation");
HOTLANE_ASSERT(offsetof(hotlane_event, value) == 16, "hotlane_event.value");
HOTLANE_ASSERT(offsetof(hotlane_event, records_before) == 24, "hotlane_event.records_before");
HOTLANE_ASSERT(offsetof(hotlane_event, reason) == 32, "hotlane_event.reason");
HOTLANE_ASSERT(sizeof(hotlane_best_prices) == 40, "hotlane_best_prices");
HOTLANE_ASSERT(offsetof(hotlane_best_prices, bid_price) == 0, "hotlane_best_prices.bid_price");
HOTLANE_ASSERT(offsetof(hotlane_best_prices, bid_quantity) == 8, "hotlane_best_prices.bid_quantity");
HOTLANE_ASSERT(offsetof(hotlane_best_prices, ask_price) == 16, "hotlane_best_prices.ask_price");
HOTLANE_ASSERT(offsetof(hotlane_best_prices, ask_quantity) == 24, "hotlane_best_prices.ask_quantity");
HOTLANE_ASSERT(offsetof(hotlane_best_prices, state) == 32, "hotlane_best_prices.state");
HOTLANE_ASSERT(offsetof(hotlane_best_prices, usable) == 33, "hotlane_best_prices.usable");
HOTLANE_ASSERT(offsetof(hotlane_best_prices, reserved) == 34, "hotlane_best_prices.reserved");
HOTLANE_ASSERT(sizeof(hotlane_book_level) == 24, "hotlane_book_level");
HOTLANE_ASSERT(offsetof(hotlane_book_level, price) == 0, "hotlane_book_level.price");
HOTLANE_ASSERT(offsetof(hotlane_book_level, quantity) == 8, "hotlane_book_level.quantity");
HOTLANE_ASSERT(offsetof(hotlane_book_level, orders) == 16, "hotlane_book_level.orders");
HOTLANE_ASSERT(offsetof(hotlane_book_level, reserved) == 20, "hotlane_book_level.reserved");
HOTLANE_ASSERT(sizeof(hotlane_instrument) == 24, "hotlane_instrument");
HOTLANE_ASSERT(offsetof(hotlane_instrument, instrument) == 0, "hotlane_instrument.instrument");
HOTLANE_ASSERT(offsetof(hotlane_instrument, channel) == 4, "hotlane_instrument.channel");
HOTLANE_ASSERT(offsetof(hotlane_instrument, price_exp) == 6, "hotlane_instrument.price_exp");
HOTLANE_ASSERT(offsetof(hotlane_instrument, quantity_exp) == 7, "hotlane_instrument.quantity_exp");
HOTLANE_ASSERT(offsetof(hotlane_instrument, tick) == 8, "hotlane_instrument.tick");
HOTLANE_ASSERT(offsetof(hotlane_instrument, lot) == 16, "hotlane_instrument.lot");

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
