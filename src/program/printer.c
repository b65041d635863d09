/* program/printer.c: see printer.h. The policy is verified, so that every index is in range; what
 * the verifier does not look at (a value that no attribute can show) is printed as a number. */
#include "program/printer.h"

#include <stdlib.h>

enum { TAIL_COLUMN = 56, DETAIL_COLUMN = 16 };

bool printer_init(struct printer *printer, const tw_policy *policy, struct buffer *out)
{
    struct class_name **names = calloc(policy->count_VARIABLES, sizeof *names);
    *printer = (struct printer){policy, out, names};
    return names != NULL;
}

void printer_free(struct printer *printer)
{
    for (uint32_t i = 0; printer->names && i < printer->policy->count_VARIABLES; i++)
        free(printer->names[i]);
    free(printer->names);
    printer->names = NULL;
}

const char *variable_name(const tw_policy *policy, uint32_t variable)
{
    for (uint32_t i = 0; i < policy->count_ATTRIBUTES; i++) {
        const struct image_attribute *row = &policy->section_ATTRIBUTES[i];
        if (row->variable == variable &&
            (row->projection == PROJECT_WHOLE || row->projection == PROJECT_NOW))
            return policy->attributes[i].name;
    }
    return "?";
}

static int by_class(const void *a, const void *b)
{
    const struct class_name *left = a, *right = b;
    if (left->class != right->class)
        return left->class < right->class ? -1 : 1;
    return left->place < right->place ? -1 : left->place > right->place;
}

/* The variable's literals by class; NULL when memory is out. Sorted once for each variable. */
static const struct class_name *names_of(struct printer *printer, uint32_t variable)
{
    const struct image_variable *row = &printer->policy->section_VARIABLES[variable];
    struct class_name *names = printer->names[variable];
    if (names)
        return names;
    names = malloc((row->literal_count + (size_t)1) * sizeof *names);
    if (!names)
        return NULL;
    uint32_t count = 0;
    for (uint32_t place = 0; place < row->literal_capacity; place++) {
        const struct image_literal *literal =
            &printer->policy->section_LITERALS[row->literal_first + place];
        if (literal->text.offset != UINT32_MAX)
            names[count++] = (struct class_name){literal->class, place};
    }
    qsort(names, count, sizeof *names, by_class);
    return printer->names[variable] = names;
}

/* The place among the sorted names where those of the class begin. */
static uint32_t first_name(const struct class_name *names, uint32_t count, int64_t class)
{
    uint32_t low = 0, high = count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (names[middle].class < class)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* The first text of the class and how many more there are. */
static void print_class(struct printer *printer, uint32_t variable, int64_t class)
{
    const struct image_variable *row = &printer->policy->section_VARIABLES[variable];
    const struct class_name *names = names_of(printer, variable);
    uint32_t count = names ? row->literal_count : 0, first = first_name(names, count, class);
    uint32_t end = first_name(names, count, class + 1);
    if (first < end) {
        const struct image_literal *literal =
            &printer->policy->section_LITERALS[row->literal_first + names[first].place];
        buffer_format(printer->out, "\"%s\"", image_text(printer->policy, literal->text));
        if (end - first > 1)
            buffer_format(printer->out, " and %u more", end - first - 1);
    } else if (class == row->other_class && row->automaton_and_one == 0) {
        buffer_string(printer->out, "other");
    } else {
        buffer_format(printer->out, "class %lld", (long long)class);
    }
}

static const struct image_attribute *words_of(const tw_policy *policy, uint32_t variable)
{
    for (uint32_t i = 0; i < policy->count_ATTRIBUTES; i++)
        if (policy->section_ATTRIBUTES[i].variable == variable &&
            policy->section_ATTRIBUTES[i].word_count)
            return &policy->section_ATTRIBUTES[i];
    return NULL;
}

/* The second of the week as a day and a time. */
static void print_moment(int64_t moment, struct buffer *out)
{
    buffer_format(out, "%s ", weekday_words[moment / SECONDS_PER_DAY]);
    value_print(out, TW_TYPE_TIME, moment % SECONDS_PER_DAY);
}

void print_value(struct printer *printer, uint32_t variable, int64_t value)
{
    const tw_policy *policy = printer->policy;
    const struct image_variable *row = &policy->section_VARIABLES[variable];
    const struct image_attribute *words = words_of(policy, variable);
    if (row->type == TW_TYPE_STRING && value >= 0 && value < row->class_count)
        print_class(printer, variable, value);
    else if (words && value >= 0 && value < words->word_count)
        buffer_string(printer->out, policy->words[words->word_first + value]);
    else if (row->type == TW_TYPE_NOW && value >= 0 && value < SECONDS_PER_WEEK)
        print_moment(value, printer->out);
    else
        value_print(printer->out, (enum tw_type)row->type, value);
}

void print_interval(struct printer *printer, uint32_t variable, int64_t low, int64_t high)
{
    const struct image_variable *row = &printer->policy->section_VARIABLES[variable];
    print_value(printer, variable, low);
    if (high == low)
        return;
    if (high == row->high && high == INT64_MAX) {
        buffer_string(printer->out, " or more");
        return;
    }
    buffer_string(printer->out, "..");
    print_value(printer, variable, high);
}

void print_target(struct printer *printer, uint32_t target)
{
    const tw_policy *policy = printer->policy;
    if (target & TARGET_DECIDES)
        buffer_string(printer->out,
                      image_text(policy, policy->section_RULES[target & ~TARGET_DECIDES].name));
    else
        buffer_number(printer->out, target);
}

void print_row(struct printer *printer, uint32_t variable, const int64_t *keys, uint32_t key_count,
               uint32_t row)
{
    if (row == 0) {
        buffer_string(printer->out, "not set, or below ");
        print_value(printer, variable, keys[0]);
    } else if (row < key_count) {
        print_interval(printer, variable, keys[row - 1], keys[row] - 1);
    } else {
        print_value(printer, variable, keys[row - 1]);
        buffer_string(printer->out, " or more");
    }
}

size_t begin_detail(struct printer *printer)
{
    size_t start = printer->out->length;
    buffer_repeat(printer->out, ' ', DETAIL_COLUMN);
    return start;
}

void print_tail(struct printer *printer, size_t start, const char *word)
{
    size_t width = printer->out->length - start;
    buffer_repeat(printer->out, ' ', width < TAIL_COLUMN ? TAIL_COLUMN - width : 1);
    buffer_format(printer->out, "%s ", word);
}

void end_detail(struct printer *printer, size_t start, const char *word, uint32_t target)
{
    print_tail(printer, start, word);
    print_target(printer, target);
    buffer_byte(printer->out, '\n');
}
