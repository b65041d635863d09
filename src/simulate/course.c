/* simulate/course.c: see course.h. Everything it makes belongs to the arena. */
#include "simulate/course.h"

#include "base/value.h"

static void print_step(const struct tw_step *step, struct buffer *out)
{
    buffer_string(out, step->name);
    if (step->strict)
        buffer_string(out, " strict");
    if (step->timeout >= 0) {
        buffer_string(out, " timeout ");
        value_print(out, TW_TYPE_DURATION, step->timeout);
    }
    if (step->retry)
        buffer_format(out, " retry %u", step->retry);
}

static void print_action(const struct tw_action *action, struct buffer *out)
{
    for (size_t i = 0; i < action->step_count; i++) {
        buffer_string(out, i ? " else " : "");
        print_step(&action->steps[i], out);
    }
    if (!action->reject)
        return;
    buffer_string(out, action->step_count ? " else reject" : "reject");
    if (action->reason[0]) {
        buffer_byte(out, ' ');
        value_quote(out, text_of(action->reason));
    }
}

static struct text action_text(struct arena *arena, const struct tw_action *action)
{
    struct buffer text;
    buffer_init(&text, 1 << 16);
    print_action(action, &text);
    struct text result = arena_text(arena, buffer_view(&text));
    buffer_free(&text);
    return result;
}

/* A step serves what reaches it and it does not refuse. */
static bool share_steps(struct course *course, struct tiers *tiers, const struct tw_action *action)
{
    int64_t reaching = SHARE_ALL;
    for (size_t i = 0; i < action->step_count; i++) {
        struct course_step *step = &course->steps[i];
        step->tier = tiers_find(tiers, text_of(action->steps[i].name));
        if (step->tier < 0)
            return false;
        int64_t refusal = tiers->lines[step->tier].refusal;
        int64_t refused = (int64_t)((__int128)reaching * refusal / PERCENT_ALL);
        step->share = reaching - refused;
        reaching = refused;
    }
    course->step_count = action->step_count;
    course->rejects = action->step_count == 0;
    course->unserved = reaching;
    return true;
}

struct course *course_new(struct arena *arena, struct tiers *tiers, const tw_policy *policy,
                          uint32_t rule, const struct tw_action *action)
{
    struct course *course = ARENA_NEW(arena, struct course);
    struct tw_rule description;
    if (!course || !share_steps(course, tiers, action) ||
        !tw_policy_rule(policy, rule, &description))
        return NULL;
    course->rule = rule;
    course->rule_name = text_of(description.name);
    course->file = text_of(description.file);
    course->line = description.line;
    course->action = action_text(arena, action);
    return arena->failed ? NULL : course;
}

struct course *course_served(struct arena *arena, struct tiers *tiers, int tier)
{
    struct course *course = ARENA_NEW(arena, struct course);
    if (!course)
        return NULL;
    course->steps[0] = (struct course_step){.tier = tier, .share = SHARE_ALL};
    course->step_count = 1;
    course->rule_name = TEXT("");
    course->file = TEXT("");
    course->action = tiers->lines[tier].name;
    return course;
}

bool course_cost(const struct course *course, __int128 *cost)
{
    __int128 sum = 0, part;
    for (size_t i = 0; i < course->step_count; i++)
        if (__builtin_mul_overflow(course->steps[i].cost, (__int128)course->steps[i].share,
                                   &part) ||
            __builtin_add_overflow(sum, part, &sum))
            return false;
    *cost = sum;
    return true;
}
