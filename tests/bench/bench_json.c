/* tests/bench/bench_json.c: what reading and changing a request body costs, beside json-c.
 *
 * Prints nanoseconds of thread CPU for bodies of 1, 20 and 200 KB and for one line of
 * `tierway decide --jsonl`: the best of several rounds each. */
#include "runtime/body.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <json-c/json.h>

enum { ROUNDS = 15, BYTES_A_ROUND = 4 << 20 };

struct job {
    struct text document;
    struct buffer out;
    uint64_t seen; /* keeps the compiler from leaving the work out */
};

static void run_copy(struct job *job)
{
    buffer_clear(&job->out);
    buffer_text(&job->out, job->document);
    job->seen += (unsigned char)job->out.data[job->document.length / 2];
}

static void run_parse(struct job *job)
{
    struct json_value root;
    if (json_parse(job->document, &root, NULL) == TW_OK)
        job->seen += root.raw.length;
}

static void run_walk(struct job *job)
{
    struct json_value root;
    struct json_member member;
    if (json_parse(job->document, &root, NULL) != TW_OK)
        return;
    struct json_iterator iterator = json_members_begin(root);
    while (json_next_member(&iterator, &member))
        job->seen += member.value.raw.length;
}

static void run_scan(struct job *job)
{
    struct body body;
    if (body_scan(job->document, &body, NULL) == TW_OK)
        job->seen += (uint64_t)body.tokens;
}

static void run_splice(struct job *job)
{
    struct body body;
    struct text tier = TEXT("flex");
    buffer_clear(&job->out);
    if (body_scan(job->document, &body, NULL) == TW_OK &&
        body_splice(&body, &tier, true, &job->out) == TW_OK)
        job->seen += job->out.length;
}

static void run_json_c(struct job *job)
{
    struct json_tokener *tokener = json_tokener_new();
    json_tokener_set_flags(tokener, JSON_TOKENER_STRICT);
    struct json_object *object =
        json_tokener_parse_ex(tokener, job->document.data, (int)job->document.length);
    job->seen += object != NULL;
    json_object_put(object);
    json_tokener_free(tokener);
}

static double cpu_nanoseconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

static double measure(void (*run)(struct job *), struct job *job)
{
    double best = 0;
    size_t times = 1 + BYTES_A_ROUND / (job->document.length * 8);
    for (int round = 0; round < ROUNDS; round++) {
        double start = cpu_nanoseconds();
        for (size_t i = 0; i < times; i++)
            run(job);
        double each = (cpu_nanoseconds() - start) / (double)times;
        best = round == 0 || each < best ? each : best;
    }
    return best;
}

/* A chat request of about `size` bytes, with a line break or a quote to escape now and then. */
static void make_body(struct buffer *out, size_t size, const char *sentence)
{
    size_t message = size / 4 < 2000 ? size / 4 : 2000;
    buffer_string(out, "{\"model\": \"gpt-5.2\", \"messages\": [{\"role\": \"system\", "
                       "\"content\": \"You are a helpful assistant.\"}");
    while (out->length < size - 180) {
        size_t start = out->length;
        buffer_string(out, ", {\"role\": \"user\", \"content\": \"");
        while (out->length - start < message && out->length < size - 180)
            buffer_string(out, sentence);
        buffer_string(out, "\"}");
    }
    buffer_string(out, "], \"temperature\": 0.7, \"service_tier\": \"auto\", \"stream\": true, "
                       "\"metadata\": {\"team\": \"search\", \"job\": \"42\"}, \"user\": \"u-1\"}");
}

static const struct {
    const char *name;
    void (*run)(struct job *);
} runs[] = {
    {"memcpy", run_copy},    {"json_parse", run_parse},          {"json_parse + members", run_walk},
    {"body_scan", run_scan}, {"body_scan + splice", run_splice}, {"json-c parse", run_json_c}};

static void print_row(const char *name, struct text document)
{
    struct job job = {.document = document};
    buffer_init(&job.out, 1 << 22);
    printf("%s, %zu bytes\n", name, document.length);
    for (size_t i = 0; i < sizeof runs / sizeof runs[0]; i++)
        printf("  %-22s %10.0f ns\n", runs[i].name, measure(runs[i].run, &job));
    if (job.seen == 0)
        printf("  nothing was read\n");
    buffer_free(&job.out);
}

int main(void)
{
    static const char english[] = "Summarise the following report, please.\\nIt is about "
                                  "\\\"service tiers\\\" and what they cost over a year. ";
    static const char chinese[] = "请总结以下关于服务等级及其费用的报告。\\n";
    static const size_t sizes[] = {1 << 10, 20 << 10, 200 << 10};
    print_row("line", TEXT("{\"priority\":\"low\",\"tokens\":6200,\"team\":\"search\","
                           "\"time\":\"23:30\",\"stream\":true}"));
    for (int text = 0; text < 2; text++)
        for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
            struct buffer document;
            buffer_init(&document, 1 << 20);
            make_body(&document, sizes[i], text ? chinese : english);
            print_row(text ? "body, Chinese" : "body, English", buffer_view(&document));
            buffer_free(&document);
        }
    return 0;
}
