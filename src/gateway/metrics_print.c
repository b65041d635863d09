/* gateway/metrics_print.c: the figures in Prometheus' text format 0.0.4.
 *
 * https://prometheus.io/docs/instrumenting/exposition_formats/. Series that never counted anything
 * are left out where a family has labels, so that a page stays small. Nothing is owned; a page that
 * outgrows its buffer shows as the buffer's failure. */
#include "gateway/metrics_internal.h"

#include "base/value.h"

#define MICROSECONDS(n) ((int64_t)(n)*1000)
#define MILLISECONDS(n) ((int64_t)(n)*1000 * 1000)

const struct bounds metrics_seconds = {
    METRICS_BUCKETS,
    {MILLISECONDS(5), MILLISECONDS(10), MILLISECONDS(25), MILLISECONDS(50), MILLISECONDS(100),
     MILLISECONDS(250), MILLISECONDS(500), MILLISECONDS(1000), MILLISECONDS(2500),
     MILLISECONDS(5000), MILLISECONDS(10000), MILLISECONDS(30000), MILLISECONDS(60000),
     MILLISECONDS(120000), MILLISECONDS(300000), MILLISECONDS(600000), MILLISECONDS(900000)},
};

const struct bounds metrics_decisions = {
    10,
    {250, 500, MICROSECONDS(1), 2500, MICROSECONDS(5), MICROSECONDS(10), MICROSECONDS(25),
     MICROSECONDS(100), MICROSECONDS(1000), MICROSECONDS(10000)},
};

enum kind { KIND_COUNTER, KIND_GAUGE, KIND_HISTOGRAM };
enum unit { UNIT_ONE, UNIT_SECONDS, UNIT_DOLLARS };
enum label {
    LABEL_NONE,
    LABEL_TIER,
    LABEL_RULE,
    LABEL_OUTCOME,
    LABEL_ATTEMPT,
    LABEL_TOKENS,
    LABEL_BUCKET
};

struct family {
    enum kind kind;
    size_t offset; /* of its cells in a block */
    enum label first, second;
    size_t first_size, second_size;
    enum unit unit;
    const char *name, *help;
};

#define METRIC(kind, member, first, second, unit, name, help)                                      \
    {KIND_##kind,                                                                                  \
     offsetof(struct metrics_block, member),                                                       \
     LABEL_##first,                                                                                \
     LABEL_##second,                                                                               \
     METRICS_SIZE_##first,                                                                         \
     METRICS_SIZE_##second,                                                                        \
     UNIT_##unit,                                                                                  \
     name,                                                                                         \
     help},
static const struct family families[] = {
#include "gateway/metrics.def"
};
#undef METRIC

static const char *const label_names[] = {"", "tier", "rule", "outcome", "outcome", "kind", "le"};
static const char *const kind_names[] = {"counter", "gauge", "histogram"};
static const char *const token_words[] = {"input", "cached", "output", "reasoning"};
static const char *const outcome_words[] = {
#define METRICS_OUTCOME(name, word) word,
#include "gateway/metrics_outcomes.def"
#undef METRICS_OUTCOME
};

const char *metrics_outcome_word(enum metrics_outcome outcome)
{
    return outcome_words[outcome];
}

static const char *label_word(const struct metrics *metrics, enum label label, size_t number)
{
    switch (label) {
    case LABEL_TIER:
        return metrics->tiers.names[number];
    case LABEL_RULE:
        return metrics->rules.names[number];
    case LABEL_OUTCOME:
        return outcome_words[number];
    case LABEL_ATTEMPT:
        return ledger_outcome_name((enum ledger_outcome)number);
    case LABEL_TOKENS:
        return token_words[number];
    case LABEL_NONE:
    case LABEL_BUCKET:
        return "";
    }
    return "";
}

/* How many of a label's values may have been counted. */
static size_t known_count(const struct metrics *metrics, enum label label, size_t size)
{
    if (label == LABEL_TIER)
        return atomic_load_explicit(&metrics->tiers.count, memory_order_acquire);
    if (label == LABEL_RULE)
        return atomic_load_explicit(&metrics->rules.count, memory_order_acquire);
    return size;
}

/* All threads together. */
static int64_t cell_sum(const struct metrics *metrics, const struct family *family, size_t i,
                        size_t j)
{
    int64_t sum = 0;
    for (size_t thread = 0; thread < metrics->threads; thread++) {
        const char *block = (const char *)&metrics->blocks[thread];
        const metrics_cell *cells = (const metrics_cell *)(const void *)(block + family->offset);
        sum += atomic_load_explicit(&cells[i * family->second_size + j], memory_order_relaxed);
    }
    return sum;
}

void metrics_print_label(struct buffer *out, const char *name, struct text value)
{
    buffer_format(out, "%s=\"", name);
    for (size_t i = 0; i < value.length; i++) {
        char byte = value.data[i];
        if (byte == '\\' || byte == '"')
            buffer_byte(out, '\\');
        if (byte == '\n')
            buffer_string(out, "\\n");
        else
            buffer_byte(out, byte);
    }
    buffer_byte(out, '"');
}

void metrics_print_head(struct buffer *out, const char *name, const char *type, const char *help)
{
    buffer_format(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

void metrics_print_value(struct buffer *out, const char *name, const char *labels, int64_t value)
{
    bool braces = labels[0] != '\0';
    buffer_format(out, "%s%s%s%s ", name, braces ? "{" : "", labels, braces ? "}" : "");
    buffer_number(out, value);
    buffer_byte(out, '\n');
}

static void print_amount(struct buffer *out, enum unit unit, int64_t amount)
{
    static const int places[] = {0, 9, MONEY_PLACES};
    decimal_print(out, amount, places[unit]);
    buffer_byte(out, '\n');
}

/* The labels of a series but for the bucket's bound; true where there are any. */
static bool print_labels(struct buffer *out, const struct metrics *metrics,
                         const struct family *family, size_t i, size_t j)
{
    const char *between = "";
    const struct {
        enum label label;
        size_t number;
    } labels[] = {{family->first, i}, {family->second, j}};
    for (size_t k = 0; k < 2; k++) {
        if (labels[k].label == LABEL_NONE || labels[k].label == LABEL_BUCKET)
            continue;
        buffer_string(out, between);
        metrics_print_label(out, label_names[labels[k].label],
                            text_of(label_word(metrics, labels[k].label, labels[k].number)));
        between = ",";
    }
    return between[0] != '\0';
}

static void print_series(struct buffer *out, const struct metrics *metrics,
                         const struct family *family, size_t i, size_t j)
{
    int64_t amount = cell_sum(metrics, family, i, j);
    bool labelled = family->first != LABEL_NONE;
    if (labelled && amount == 0)
        return;
    buffer_string(out, family->name);
    buffer_string(out, labelled ? "{" : "");
    print_labels(out, metrics, family, i, j);
    buffer_string(out, labelled ? "} " : " ");
    print_amount(out, family->unit, amount);
}

static void print_bucket(struct buffer *out, const struct metrics *metrics,
                         const struct family *family, size_t i, size_t bucket, int64_t count)
{
    const struct bounds *bounds =
        family->first == LABEL_NONE ? &metrics_decisions : &metrics_seconds;
    buffer_format(out, "%s_bucket{", family->name);
    if (print_labels(out, metrics, family, i, 0))
        buffer_byte(out, ',');
    buffer_string(out, "le=\"");
    if (bucket < bounds->count)
        decimal_print(out, bounds->nanoseconds[bucket], 9);
    else
        buffer_string(out, "+Inf");
    buffer_format(out, "\"} %lld\n", (long long)count);
}

static void print_total(struct buffer *out, const struct metrics *metrics,
                        const struct family *family, size_t i, const char *suffix)
{
    bool labelled = family->first != LABEL_NONE;
    buffer_format(out, "%s%s%s", family->name, suffix, labelled ? "{" : "");
    print_labels(out, metrics, family, i, 0);
    buffer_string(out, labelled ? "} " : " ");
}

/* Buckets are shown with all that is in smaller ones. */
static void print_histogram(struct buffer *out, const struct metrics *metrics,
                            const struct family *family, size_t i)
{
    size_t bounds = family->first == LABEL_NONE ? metrics_decisions.count : metrics_seconds.count;
    int64_t counts[METRICS_BUCKETS + 1], total = 0;
    for (size_t bucket = 0; bucket <= bounds; bucket++)
        counts[bucket] = total += cell_sum(metrics, family, i, bucket);
    if (total == 0 && family->first != LABEL_NONE)
        return;
    for (size_t bucket = 0; bucket <= bounds; bucket++)
        print_bucket(out, metrics, family, i, bucket, counts[bucket]);
    print_total(out, metrics, family, i, "_sum");
    print_amount(out, family->unit, cell_sum(metrics, family, i, METRICS_BUCKETS + 1));
    print_total(out, metrics, family, i, "_count");
    print_amount(out, UNIT_ONE, total);
}

static void print_family(struct buffer *out, const struct metrics *metrics,
                         const struct family *family)
{
    metrics_print_head(out, family->name, kind_names[family->kind], family->help);
    size_t first = known_count(metrics, family->first, family->first_size);
    for (size_t i = 0; i < first; i++) {
        if (family->kind == KIND_HISTOGRAM) {
            print_histogram(out, metrics, family, i);
            continue;
        }
        for (size_t j = 0; j < family->second_size; j++)
            print_series(out, metrics, family, i, j);
    }
}

void metrics_print(const struct metrics *metrics, struct buffer *out)
{
    for (size_t i = 0; i < sizeof families / sizeof families[0]; i++)
        print_family(out, metrics, &families[i]);
}
