/* gateway/access_record.c: a request as a line of the access log.
 *
 * The members and their order are fixed, so that a line can be read by position as well; what is
 * not known is null. Fails only as its buffer does. */
#include "gateway/access_log.h"

#include "base/clock.h"
#include "base/json.h"

enum { MILLISECOND_PLACES = 6 /* of nanoseconds */ };

static void print_name(struct buffer *out, const char *name)
{
    buffer_format(out, "%s\"%s\":", out->data[out->length - 1] == '{' ? "" : ",", name);
}

static void print_text(struct buffer *out, const char *name, struct text text)
{
    print_name(out, name);
    if (text.length == 0) {
        buffer_string(out, "null");
        return;
    }
    if (text.length > ACCESS_TEXT_MAX)
        text.length = ACCESS_TEXT_MAX;
    json_write_string(out, text);
}

static void print_number(struct buffer *out, const char *name, int64_t number)
{
    print_name(out, name);
    if (number < 0)
        buffer_string(out, "null");
    else
        buffer_number(out, number);
}

/* Money as a string, as everywhere: it is exact, and JSON's numbers are not. */
static void print_money(struct buffer *out, const char *name, int64_t money)
{
    print_name(out, name);
    buffer_string(out, money < 0 ? "null" : "\"");
    if (money < 0)
        return;
    decimal_print(out, money, MONEY_PLACES);
    buffer_byte(out, '"');
}

static void print_milliseconds(struct buffer *out, const char *name, int64_t nanoseconds)
{
    print_name(out, name);
    if (nanoseconds < 0)
        buffer_string(out, "null");
    else
        decimal_print(out, nanoseconds, MILLISECOND_PLACES);
}

static void print_texts(struct buffer *out, const struct access_record *record)
{
    const struct {
        const char *name;
        struct text text;
    } rows[] = {
        {"request_id", record->request_id}, {"caller", record->caller},
        {"method", record->method},         {"path", record->path},
        {"outcome", record->outcome},       {"model", record->model},
        {"requested", record->requested},   {"chosen", record->chosen},
        {"served", record->served},         {"rule", record->rule},
        {"policy", record->policy},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        print_text(out, rows[i].name, rows[i].text);
}

static void print_numbers(struct buffer *out, const struct access_record *record)
{
    const struct {
        const char *name;
        int64_t number;
    } rows[] = {
        {"status", record->status},           {"attempts", record->attempts},
        {"input_tokens", record->input},      {"cached_tokens", record->cached},
        {"output_tokens", record->output},    {"reasoning_tokens", record->reasoning},
        {"received_bytes", record->received}, {"sent_bytes", record->sent},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        print_number(out, rows[i].name, rows[i].number);
}

void access_record_print(const struct access_record *record, struct buffer *out)
{
    buffer_string(out, "{\"time\":\"");
    if (out->status)
        return;
    instant_print(out, record->instant);
    buffer_byte(out, '"');
    print_texts(out, record);
    print_numbers(out, record);
    print_money(out, "cost", record->cost);
    print_money(out, "cost_at_default", record->default_cost);
    print_milliseconds(out, "milliseconds", record->duration);
    print_milliseconds(out, "first_byte_milliseconds", record->first_byte);
    print_milliseconds(out, "decision_milliseconds", record->decision);
    buffer_string(out, "}\n");
}
