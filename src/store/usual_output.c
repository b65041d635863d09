/* store/usual_output.c: see usual_output.h. Owns the models' names; running out of memory means
 * that no more models are learnt, and is no error. */
#include "store/usual_output.h"

enum { MEMORY = 1 << 20, FORGETTING = 16 };

/* The map points into the struct, so this is not to be moved afterwards. */
void usual_output_init(struct usual_output *usual)
{
    arena_init(&usual->arena, MEMORY);
    map_init(&usual->models, &usual->arena);
}

void usual_output_free(struct usual_output *usual)
{
    arena_free(&usual->arena);
}

static int64_t *add_model(struct usual_output *usual, struct text model)
{
    if (usual->arena.failed)
        return NULL;
    struct text name = arena_text(&usual->arena, model);
    int64_t *tokens = ARENA_NEW(&usual->arena, int64_t);
    return tokens && name.length && map_set(&usual->models, name, tokens) ? tokens : NULL;
}

void usual_output_learn(struct usual_output *usual, struct text model, int64_t tokens)
{
    int64_t *usually = map_get(&usual->models, model);
    if (!usually && tokens >= 0)
        usually = add_model(usual, model);
    if (!usually || tokens < 0)
        return;
    int64_t forgotten = *usually - *usually / FORGETTING;
    *usually = tokens > forgotten ? tokens : forgotten;
}

int64_t usual_output_of(const struct usual_output *usual, struct text model)
{
    const int64_t *tokens = map_get(&usual->models, model);
    return tokens ? *tokens : USUAL_OUTPUT_UNKNOWN;
}
