/* front/parse.c: hands tokens to the generated parser, and puts the statements of all files in
 * order.
 *
 * Takes the root's text; `include` is followed where it stands, each file once. Errors become
 * findings. What the grammar may not do (look ahead for labels, skip to the next statement, stop
 * at a nesting limit) is done here, between scanner and parser. */
#include "front/parse_slip.h"

#include "front/tier.tab.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

bool begins_statement(int kind)
{
    switch (kind) {
    case TIER_EDITION:
    case TIER_PROVIDER:
    case TIER_TIERS:
    case TIER_TIMEZONE:
    case TIER_INCLUDE:
    case TIER_ATTRIBUTE:
    case TIER_BUDGET:
    case TIER_LET:
    case TIER_WHEN:
    case TIER_OTHERWISE:
    case TIER_NEVER:
    case TIER_ALWAYS:
    case TIER_EXPECT:
        return true;
    default:
        return false;
    }
}

static int kind_at(const struct parse *parse, size_t index)
{
    return index < parse->source->token_count ? parse->source->tokens[index].kind : 0;
}

static bool first_on_line(const struct parse *parse, size_t index)
{
    const struct token *tokens = parse->source->tokens;
    if (index == 0)
        return true;
    struct text between = {parse->source->content.data + tokens[index - 1].span.end,
                           tokens[index].span.start - tokens[index - 1].span.end};
    return memchr(between.data, '\n', between.length) != NULL;
}

/* `NAME :` is a label where it begins a line or stands before `when`, but for the name in
 * `attribute NAME : TYPE`. */
static bool is_label(const struct parse *parse, size_t index)
{
    if (kind_at(parse, index) != TIER_NAME || kind_at(parse, index + 1) != ':')
        return false;
    int after = kind_at(parse, index + 2);
    if (index > 0 && kind_at(parse, index - 1) == TIER_ATTRIBUTE)
        return false;
    return first_on_line(parse, index) || after == TIER_WHEN || after == TIER_OTHERWISE;
}

/* Where reading may go on after an error. A `when` in the middle of a line most likely belongs to
 * the statement that was given up. */
static bool can_resume(const struct parse *parse, size_t index)
{
    int kind = kind_at(parse, index);
    if (kind == 0 || is_label(parse, index))
        return true;
    if (kind == TIER_WHEN && kind_at(parse, index - 1) == ':')
        return false;
    return begins_statement(kind) && (kind != TIER_WHEN || first_on_line(parse, index));
}

bool parse_drops_token(struct parse *parse)
{
    return parse->skipping;
}

/* The name that the statement with an error at `index` would have defined, so that its users are
 * not said to be wrong as well. */
static const struct token *name_given_up(const struct parse *parse, size_t index)
{
    const struct token *tokens = parse->source->tokens;
    for (size_t i = index; i-- > 0;) {
        int kind = kind_at(parse, i);
        bool defines = kind == TIER_ATTRIBUTE || kind == TIER_BUDGET || kind == TIER_LET;
        if (defines && kind_at(parse, i + 1) == TIER_NAME)
            return &tokens[i + 1];
        if (is_label(parse, i))
            return &tokens[i];
        if (kind == TIER_WHEN && i > 1 && is_label(parse, i - 2))
            return &tokens[i - 2];
        if (begins_statement(kind))
            return NULL;
    }
    return NULL;
}

static void give_up_statement(struct parse *parse, size_t index)
{
    const struct token *token = name_given_up(parse, index);
    if (!token)
        return;
    struct statement *statement = statement_new(parse, STATEMENT_GIVEN_UP, token->span);
    if (statement)
        statement->name = name_new(parse, token);
    statement_add(parse, statement);
}

void parse_begin_skipping(struct parse *parse)
{
    size_t at = parse->next_token ? parse->next_token - 1 : 0;
    give_up_statement(parse, at);
    parse->skipping = !can_resume(parse, at);
}

static void give_up_source(struct parse *parse, struct span span)
{
    finding_add(parse->findings, FINDING_TOO_LARGE, span,
                "conditions are nested more than %d deep here", MAX_NESTING);
    parse->abandoned = true;
}

/* Everything that recurses over conditions relies on this bound. */
static void count_nesting(struct parse *parse, const struct token *token)
{
    if (begins_statement(token->kind) || token->kind == TIER_ARROW) {
        parse->parentheses = parse->nots = parse->nesting = 0;
    } else if (token->kind == TIER_AND || token->kind == TIER_OR) {
        parse->nesting -= parse->nots;
        parse->nots = 0;
    } else if (token->kind == ')' && parse->parentheses > 0) {
        parse->nesting -= parse->nots + 1;
        parse->nots = parse->outer_nots[--parse->parentheses];
    } else if (token->kind == '(' || token->kind == TIER_NOT) {
        if (++parse->nesting > MAX_NESTING)
            give_up_source(parse, token->span);
        else if (token->kind == TIER_NOT)
            parse->nots++;
        else {
            parse->outer_nots[parse->parentheses++] = (uint8_t)parse->nots;
            parse->nots = 0;
        }
    }
}

int parse_next_token(struct parse *parse, const struct token **token, struct span *span)
{
    const struct source *source = parse->source;
    if (parse->skipping)
        while (!can_resume(parse, parse->next_token))
            parse->next_token++;
    parse->skipping = false;
    if (!parse->abandoned && !parse->no_memory && parse->next_token < source->token_count) {
        *token = &source->tokens[parse->next_token++];
        *span = (*token)->span;
        count_nesting(parse, *token);
        if (!parse->abandoned)
            return is_label(parse, parse->next_token - 1) ? TIER_LABEL : (*token)->kind;
    }
    uint32_t end = source->token_count ? source->tokens[source->token_count - 1].span.end : 0;
    *token = NULL;
    *span = (struct span){parse->source_index, end, end};
    return 0;
}

void parse_stack_full(struct parse *parse, struct span span, const char *message)
{
    (void)message;
    if (!parse->no_memory && !parse->abandoned)
        give_up_source(parse, span);
}

struct span spans_join(const struct span *first, const struct span *last, size_t stride)
{
    while (first < last && first->start == first->end)
        first = (const struct span *)((const char *)first + stride);
    while (last > first && last->start == last->end)
        last = (const struct span *)((const char *)last - stride);
    return span_join(*first, *last);
}

/* Reads at most TW_MAX_SOURCE + 1 bytes, so that a file that is too large is told apart. */
static enum tw_status read_descriptor(int descriptor, struct arena *arena, struct text *content)
{
    struct stat status;
    if (fstat(descriptor, &status) != 0 || S_ISDIR(status.st_mode))
        return TW_IO;
    if (status.st_size > TW_MAX_SOURCE)
        return TW_LIMIT;
    size_t capacity = S_ISREG(status.st_mode) ? (size_t)status.st_size : TW_MAX_SOURCE;
    char *bytes = arena_alloc(arena, capacity + 1, 1);
    if (!bytes)
        return TW_NO_MEMORY;
    size_t length = 0;
    while (length < capacity) {
        ssize_t got = read(descriptor, bytes + length, capacity - length);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return TW_IO;
        if (got == 0)
            break;
        length += (size_t)got;
    }
    *content = (struct text){bytes, length};
    return TW_OK;
}

static enum tw_status disk_read(void *context, struct arena *arena, struct text path,
                                struct text *content, struct text *identity)
{
    (void)context;
    char resolved[PATH_MAX];
    if (!realpath(path.data, resolved))
        return errno == ENOENT || errno == ENOTDIR ? TW_NOT_FOUND : TW_IO;
    *identity = arena_text(arena, text_of(resolved));
    if (!content)
        return TW_OK;
    int descriptor = open(resolved, O_RDONLY | O_CLOEXEC);
    if (descriptor < 0)
        return TW_IO;
    enum tw_status status = read_descriptor(descriptor, arena, content);
    close(descriptor);
    return status;
}

const struct file_reader read_from_disk = {disk_read, NULL};

/* The path of an included file: relative to the file that includes it. */
static struct text included_path(struct parse *parse, struct text from, struct text name)
{
    const char *slash = from.length ? memrchr(from.data, '/', from.length) : NULL;
    if (!slash || (name.length && name.data[0] == '/'))
        return arena_text(parse->arena, name);
    return arena_format(parse->arena, "%.*s/%.*s", (int)(slash - from.data), from.data,
                        (int)name.length, name.data);
}

static void report_cycle(struct parse *parse, struct span span, uint32_t again)
{
    struct text cycle = parse->sources->items[again]->name;
    cycle = arena_format(parse->arena, "%.*s", (int)cycle.length, cycle.data);
    /* From the file at hand outwards, put in front, so that the list reads in order of including.
     */
    struct text inner = {"", 0};
    for (uint32_t at = parse->source_index; at != again;
         at = parse->sources->items[at]->included_at.source) {
        struct text name = parse->sources->items[at]->name;
        inner = arena_format(parse->arena, "%.*s -> %.*s", (int)name.length, name.data,
                             (int)inner.length, inner.data);
    }
    struct finding *finding =
        finding_add(parse->findings, FINDING_INCLUDE_CYCLE, span,
                    "this file includes itself: %.*s -> %.*s%.*s", (int)cycle.length, cycle.data,
                    (int)inner.length, inner.data, (int)cycle.length, cycle.data);
    finding_help(parse->findings, finding, "move what both files need into a third one");
}

/* Is `index` the source at hand, or one that led to it? */
static bool is_open(const struct parse *parse, uint32_t index)
{
    uint32_t at = parse->source_index;
    while (at != index && parse->sources->items[at]->included_at.source != at)
        at = parse->sources->items[at]->included_at.source;
    return at == index;
}

static enum tw_status parse_source(struct parse *parse, const struct file_reader *reader,
                                   uint32_t source_index);

static const char *read_problem(enum tw_status status)
{
    switch ((int)status) {
    case TW_NOT_FOUND:
        return "there is no such file";
    case TW_LIMIT:
        return "the file is larger than 16 MB";
    default:
        return "the file cannot be read";
    }
}

/* Finds out what an `include` names: an index of a known source, or a new one with its content. */
static enum tw_status open_include(struct parse *parse, const struct file_reader *reader,
                                   const struct value *file, uint32_t *index, bool *is_new)
{
    struct text path = included_path(parse, parse->source->name, file->text);
    struct text content = {"", 0}, identity = {"", 0};
    if (memchr(path.data, '\0', path.length))
        return TW_NOT_FOUND;
    enum tw_status status = reader->read(reader->context, parse->arena, path, NULL, &identity);
    if (status)
        return status;
    *is_new = false;
    for (*index = 0; *index < parse->sources->count; (*index)++)
        if (text_equal(parse->sources->items[*index]->path, identity))
            return TW_OK;
    status = reader->read(reader->context, parse->arena, path, &content, &identity);
    if (status)
        return status;
    *is_new = true;
    struct source *source = sources_add(parse->sources, path, identity, content);
    if (source)
        source->included_at = file->span;
    return source ? TW_OK : parse->arena->failed ? TW_NO_MEMORY : TW_LIMIT;
}

static enum tw_status follow_include(struct parse *parse, const struct file_reader *reader,
                                     const struct value *file)
{
    uint32_t index;
    bool is_new;
    if (parse->include_depth == MAX_INCLUDE_DEPTH || parse->sources->count == MAX_SOURCES) {
        finding_add(parse->findings, FINDING_TOO_LARGE, file->span,
                    "a policy has at most %d files, included at most %d deep", MAX_SOURCES,
                    MAX_INCLUDE_DEPTH);
        return TW_OK;
    }
    enum tw_status status = open_include(parse, reader, file, &index, &is_new);
    if (status == TW_NO_MEMORY)
        return status;
    if (status) {
        finding_help(parse->findings,
                     finding_add(parse->findings, FINDING_INCLUDE_FAILED, file->span,
                                 "cannot include \"%.*s\": %s", (int)file->text.length,
                                 file->text.data, read_problem(status)),
                     "the path starts at the folder of the file that includes");
        return TW_OK;
    }
    if (!is_new) {
        if (is_open(parse, index))
            report_cycle(parse, file->span, index);
        return TW_OK; /* included before: its statements are there already */
    }
    return parse_source(parse, reader, index);
}

/* Moves the statements of one source, in order, into the list of all; includes are followed. */
static enum tw_status place_statements(struct parse *parse, const struct file_reader *reader,
                                       struct statement *first, struct statement **all_tail)
{
    enum tw_status status = TW_OK;
    parse->tail = all_tail; /* a source may have no statements */
    for (struct statement *at = first, *next; at && status == TW_OK; at = next) {
        next = at->next;
        at->next = NULL;
        *parse->tail = at;
        parse->tail = &at->next;
        if (at->kind == STATEMENT_INCLUDE && at->value)
            status = follow_include(parse, reader, at->value);
    }
    return status;
}

/* Parses one source; on return parse->tail is behind the last statement of it and its includes. */
static enum tw_status parse_source(struct parse *parse, const struct file_reader *reader,
                                   uint32_t source_index)
{
    struct parse outer = *parse;
    parse->source_index = source_index;
    parse->source = parse->sources->items[source_index];
    parse->next_token = 0;
    parse->nesting = parse->nots = parse->parentheses = 0;
    parse->skipping = parse->abandoned = false;
    parse->include_depth++;
    enum tw_status status = TW_NO_MEMORY;
    if (!scan_source(parse, parse->source, source_index))
        goto done;
    struct statement *first = NULL;
    parse->tail = &first;
    if (tier_parse(parse) == 2 || parse->no_memory)
        goto done;
    status = place_statements(parse, reader, first, outer.tail);
    outer.tail = parse->tail;
done:
    outer.no_memory = parse->no_memory;
    struct statement *root = parse->first;
    *parse = outer;
    parse->first = root;
    return status;
}

void statement_add(struct parse *parse, struct statement *statement)
{
    if (!statement)
        return;
    *parse->tail = statement;
    parse->tail = &statement->next;
}

enum tw_status parse_policy(struct parse *parse, const struct file_reader *reader, struct text name,
                            struct text content)
{
    struct text identity = {"", 0};
    parse->first = NULL;
    parse->tail = &parse->first;
    /* The root may be no file at all: then nothing can include it. */
    struct text path = arena_text(parse->arena, name);
    if (reader->read(reader->context, parse->arena, path, NULL, &identity) != TW_OK)
        identity = (struct text){"", 0};
    if (content.length > TW_MAX_SOURCE)
        content.length = 0;
    if (!sources_add(parse->sources, name, identity, content))
        return TW_NO_MEMORY;
    return parse_source(parse, reader, 0);
}
