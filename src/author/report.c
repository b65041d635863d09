/* author/report.c: findings as JSON, SARIF and GitHub workflow commands. Writes into buffers. */
#include "author/report.h"

#include "base/json.h"

struct range {
    struct text file;
    struct place start, end;
};

static struct range range_of(const struct findings *findings, struct span span)
{
    return (struct range){findings->sources->items[span.source]->name,
                          source_place(findings->sources, span.source, span.start),
                          source_place(findings->sources, span.source, span.end)};
}

static void member(struct buffer *out, const char *name, struct text text)
{
    buffer_format(out, ", \"%s\": ", name);
    json_write_string(out, text);
}

static void range_members(const struct range *range, struct buffer *out)
{
    member(out, "file", range->file);
    buffer_format(out, ", \"line\": %u, \"column\": %u, \"end_line\": %u, \"end_column\": %u",
                  range->start.line, range->start.column, range->end.line, range->end.column);
}

static void related_json(const struct findings *findings, const struct finding *finding,
                         struct buffer *out)
{
    buffer_string(out, ", \"related\": [");
    for (const struct related *at = finding->related; at; at = at->next) {
        struct range range = range_of(findings, at->span);
        buffer_string(out, at == finding->related ? "{\"message\": " : ", {\"message\": ");
        json_write_string(out, at->message);
        range_members(&range, out);
        buffer_byte(out, '}');
    }
    buffer_byte(out, ']');
}

static const char *severity_text(enum tw_severity severity)
{
    return severity == TW_ERROR ? "error" : "warning";
}

void report_json(const struct findings *findings, bool *first, struct buffer *out)
{
    for (size_t i = 0; i < findings->count; i++) {
        const struct finding *finding = &findings->items[i];
        struct range range = range_of(findings, finding->span);
        buffer_format(out, "%s\n  {\"name\": \"%s\", \"severity\": \"%s\"", *first ? "" : ",",
                      finding_text(finding->name), severity_text(finding->severity));
        range_members(&range, out);
        member(out, "message", finding->message);
        member(out, "help", finding->help);
        if (finding->witness.length)
            buffer_format(out, ", \"witness\": %.*s", (int)finding->witness.length,
                          finding->witness.data);
        if (finding->example.length)
            member(out, "example", finding->example);
        if (finding->related)
            related_json(findings, finding, out);
        buffer_byte(out, '}');
        *first = false;
    }
}

void report_sarif_begin(struct buffer *out)
{
    buffer_string(out, "{\"$schema\": \"https://json.schemastore.org/sarif-2.1.0.json\", "
                       "\"version\": \"2.1.0\", \"runs\": [{\"tool\": {\"driver\": "
                       "{\"name\": \"tierway\", \"rules\": [");
    for (int i = 0; i < FINDING_COUNT; i++) {
        buffer_format(out, "%s\n  {\"id\": \"%s\", \"shortDescription\": {\"text\": ", i ? "," : "",
                      finding_text((enum finding_name)i));
        json_write_string(out, text_of(finding_meaning((enum finding_name)i)));
        buffer_string(out, "}}");
    }
    buffer_string(out, "\n]}}, \"columnKind\": \"unicodeCodePoints\", \"results\": [");
}

void report_sarif(const struct findings *findings, bool *first, struct buffer *out)
{
    for (size_t i = 0; i < findings->count; i++) {
        const struct finding *finding = &findings->items[i];
        struct range range = range_of(findings, finding->span);
        buffer_format(out, "%s\n  {\"ruleId\": \"%s\", \"level\": \"%s\", \"message\": {\"text\": ",
                      *first ? "" : ",", finding_text(finding->name),
                      severity_text(finding->severity));
        struct text text = finding->message;
        if (finding->help.length)
            text = arena_format(findings->arena, "%.*s; %.*s", (int)text.length, text.data,
                                (int)finding->help.length, finding->help.data);
        json_write_string(out, text);
        buffer_string(out, "}, \"locations\": [{\"physicalLocation\": {\"artifactLocation\": "
                           "{\"uri\": ");
        json_write_string(out, range.file);
        buffer_format(out,
                      "}, \"region\": {\"startLine\": %u, \"startColumn\": %u, \"endLine\": %u, "
                      "\"endColumn\": %u}}}]}",
                      range.start.line, range.start.column, range.end.line, range.end.column);
        *first = false;
    }
}

void report_sarif_end(struct buffer *out)
{
    buffer_string(out, "\n]}]}\n");
}

/* What may not stand in a property or a message of a workflow command is percent-encoded. */
static void github_escape(struct buffer *out, struct text text, bool property)
{
    for (size_t i = 0; i < text.length; i++) {
        char byte = text.data[i];
        if (byte == '%' || byte == '\r' || byte == '\n' ||
            (property && (byte == ':' || byte == ',')))
            buffer_format(out, "%%%02X", (unsigned char)byte);
        else
            buffer_byte(out, byte);
    }
}

void report_github(const struct findings *findings, struct buffer *out)
{
    for (size_t i = 0; i < findings->count; i++) {
        const struct finding *finding = &findings->items[i];
        struct range range = range_of(findings, finding->span);
        buffer_format(out, "::%s file=", severity_text(finding->severity));
        github_escape(out, range.file, true);
        buffer_format(out, ",line=%u,col=%u,endLine=%u,endColumn=%u,title=%s::", range.start.line,
                      range.start.column, range.end.line, range.end.column,
                      finding_text(finding->name));
        github_escape(out, finding->message, false);
        if (finding->help.length) {
            buffer_string(out, "; ");
            github_escape(out, finding->help, false);
        }
        buffer_byte(out, '\n');
    }
}
