/* Bytes to events and to answers: nothing is read out of bounds, and where the bytes are cut
 * changes neither the events nor what they are read as. */
#include "runtime/answer.h"
#include "runtime/sse.h"

#include <stdlib.h>

struct reader {
    struct answer answer;
    struct buffer log;
};

static enum tw_status take(void *context, const struct sse_event *event)
{
    struct reader *reader = context;
    buffer_format(&reader->log, "%zu,%zu,", event->name.length, event->data.length);
    buffer_text(&reader->log, event->data);
    answer_read_event(&reader->answer, event->data, NULL);
    return TW_OK;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct reader readers[2];
    for (size_t i = 0; i < 2; i++) {
        size_t cut = i && size ? data[0] % size : 0;
        struct sse sse;
        sse_init(&sse, 4096);
        answer_init(&readers[i].answer);
        buffer_init(&readers[i].log, 1 << 24);
        if (sse_feed(&sse, (struct text){(const char *)data, cut}, take, &readers[i]) == TW_OK)
            sse_feed(&sse, (struct text){(const char *)data + cut, size - cut}, take, &readers[i]);
        sse_free(&sse);
        buffer_text(&readers[i].log, buffer_view(&readers[i].answer.content));
        answer_free(&readers[i].answer);
    }
    if (!text_equal(buffer_view(&readers[0].log), buffer_view(&readers[1].log)))
        abort();
    buffer_free(&readers[0].log);
    buffer_free(&readers[1].log);
    return 0;
}
