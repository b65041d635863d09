/* front/front.c: the stages of the front end, in order. */
#include "front/front.h"

static bool mentions(const struct findings *findings, enum finding_name name)
{
    for (size_t i = 0; i < findings->count; i++)
        if (findings->items[i].name == name)
            return true;
    return false;
}

/* In a newer edition anything may mean something else: what else was found says nothing. */
static void keep_edition_only(struct findings *findings)
{
    for (size_t i = 0; i < findings->count; i++) {
        if (findings->items[i].name != FINDING_NEWER_EDITION)
            continue;
        findings->items[0] = findings->items[i];
        findings->count = findings->error_count = 1;
        return;
    }
}

/* The statements; the tokens that they were made of are not needed any more. */
static enum tw_status parse_front(struct front *front, struct text name, struct text content,
                                  const struct file_reader *reader)
{
    struct arena tokens;
    arena_init(&tokens, FRONT_MEMORY_LIMIT);
    struct parse parse = {.arena = &front->arena,
                          .token_arena = &tokens,
                          .sources = &front->sources,
                          .findings = &front->findings};
    enum tw_status status = parse_policy(&parse, reader, name, content);
    front->statements = parse.first;
    for (uint32_t i = 0; i < front->sources.count; i++) {
        front->sources.items[i]->tokens = NULL;
        front->sources.items[i]->token_count = front->sources.items[i]->token_capacity = 0;
    }
    arena_free(&tokens);
    return status;
}

enum tw_status front_read(struct front *front, struct text name, struct text content,
                          const struct file_reader *reader)
{
    *front = (struct front){0};
    arena_init(&front->arena, FRONT_MEMORY_LIMIT);
    front->sources.arena = &front->arena;
    front->findings = (struct findings){.sources = &front->sources, .arena = &front->arena};
    enum tw_status status = parse_front(front, name, content, reader);
    if (status)
        return front->arena.failed ? arena_status(&front->arena) : status;
    if (content.length > TW_MAX_SOURCE)
        finding_add(&front->findings, FINDING_TOO_LARGE, (struct span){0, 0, 0},
                    "the file is larger than %d MB", TW_MAX_SOURCE >> 20);
    front->checked = !mentions(&front->findings, FINDING_NOT_UTF8) &&
                     !mentions(&front->findings, FINDING_TOO_LARGE);
    if (front->checked)
        status = check_policy(&front->policy, &front->arena, &front->sources, &front->findings,
                              front->statements);
    if (mentions(&front->findings, FINDING_NEWER_EDITION))
        keep_edition_only(&front->findings);
    findings_sort(&front->findings);
    return front->arena.failed ? arena_status(&front->arena) : status;
}

void front_free(struct front *front)
{
    arena_free(&front->arena);
}
