/* gateway/stand_in_stream.c: the events of a stream, at their pace and at the reader's.
 *
 * One event is made at a time, and only while little is waiting to be sent, so that an answer of
 * any length needs little memory. */
#include "gateway/stand_in_internal.h"

enum {
    WAITING_MOST = 64 * 1024,
    EVENTS_A_TURN = 64 /* then the loop's other connections have theirs */
};

static void on_pace(uv_timer_t *timer)
{
    stream_go_on(timer->data);
}

/* Breaks off where a fault says so. True: nothing more comes. */
static bool break_off(struct call *call, struct buffer *out)
{
    if (call->stop_after < 0 || call->sent < call->stop_after)
        return false;
    call->broken = true;
    if (call->failure)
        call_format(call)->failure(call, out, call->failure);
    return true;
}

/* Writes the next event to out. True: it was the last one. */
static bool next_event(struct call *call, struct buffer *out)
{
    const struct wire_format *format = call_format(call);
    if (!call->opened) {
        call->opened = true;
        format->opening(call, out);
        return false;
    }
    if (break_off(call, out))
        return true;
    if (call->sent < usage_visible(&call->usage)) {
        format->piece(call, out, call->sent++);
        return false;
    }
    format->closing(call, out);
    return true;
}

static void finish(struct call *call)
{
    call->streaming = false;
    if (call->broken && !call->failure)
        exchange_cut(call->exchange);
    else
        exchange_finish(call->exchange);
}

void stream_go_on(struct call *call)
{
    struct buffer event;
    buffer_init(&event, ANSWER_BYTES);
    bool last = false;
    int turn = 0;
    while (call->streaming && !last && exchange_pending(call->exchange) < WAITING_MOST) {
        buffer_clear(&event);
        last = next_event(call, &event);
        if (event.status || exchange_write(call->exchange, buffer_view(&event))) {
            call->streaming = false;
            exchange_reset(call->exchange);
        } else if (last) {
            finish(call);
        } else if (call->chunk_ms > 0 || ++turn == EVENTS_A_TURN) {
            uv_timer_start(&call->timer, on_pace, call->chunk_ms, 0);
            break;
        }
    }
    buffer_free(&event);
}

void stream_begin(struct call *call)
{
    call->streaming = true;
    stream_go_on(call);
}

void stream_ended(struct call *call)
{
    bool refused = call->failure && call->stop_after == 0;
    if (!call->opened || refused)
        return;
    call_bill(call, call->usage.reasoning + call->sent);
}
