/* tests/bench/fused.c: the fused bytecode. A test that fails jumps to the next conjunction, one
 * that holds falls through. */
#include "fused.h"

#include <stdlib.h>

enum fused_op { FUSED_EQUAL, FUSED_LEAST, FUSED_MOST, FUSED_BETWEEN, FUSED_DECIDE };

struct fused_instruction {
    uint8_t op, slot;
    uint16_t skip; /* instructions to skip where the test fails */
    int32_t low, high;
};

struct fused_program {
    struct fused_instruction *code;
};

static enum fused_op test_op(const struct plain_test *test)
{
    return test->low == test->high   ? FUSED_EQUAL
           : test->high == SLOT_MOST ? FUSED_LEAST
           : test->low == 0          ? FUSED_MOST
                                     : FUSED_BETWEEN;
}

/* `value <= high` alone would take an unset slot for a small one. */
static bool can_be_unset(const struct workload *workload, int32_t slot)
{
    for (uint32_t i = 0; i < workload->test_count; i++)
        if (workload->tests[i].slot == slot && workload->tests[i].low == 0 &&
            workload->tests[i].high == SLOT_MOST)
            return true;
    return false;
}

struct fused_program *fused_new(const struct workload *workload)
{
    struct fused_program *program = bench_memory(1, sizeof *program);
    size_t length = workload->test_count + workload->conjunction_count + 1;
    struct fused_instruction *at = bench_memory(length, sizeof *at);
    program->code = at;
    for (uint32_t i = 0; i < workload->conjunction_count; i++) {
        const struct conjunction *conjunction = &workload->conjunctions[i];
        for (uint32_t t = 0; t < conjunction->count; t++) {
            const struct plain_test *test = &workload->tests[conjunction->first + t];
            enum fused_op op = test_op(test);
            if (op == FUSED_MOST && can_be_unset(workload, test->slot))
                op = FUSED_BETWEEN;
            *at++ = (struct fused_instruction){(uint8_t)op, (uint8_t)test->slot,
                                               (uint16_t)(conjunction->count - t), test->low,
                                               test->high};
        }
        *at++ = (struct fused_instruction){FUSED_DECIDE, 0, 0, (int32_t)conjunction->rule, 0};
    }
    *at = (struct fused_instruction){FUSED_DECIDE, 0, 0, (int32_t)workload->rule_count, 0};
    return program;
}

void fused_free(struct fused_program *program)
{
    free(program->code);
    free(program);
}

uint32_t fused_switch(const void *data, const void *request)
{
    const struct fused_program *program = data;
    const struct fused_instruction *at = program->code;
    const int32_t *row = request;
    for (;; at++) {
        int32_t value = row[at->slot];
        bool holds = false;
        switch ((enum fused_op)at->op) {
        case FUSED_EQUAL:
            holds = value == at->low;
            break;
        case FUSED_LEAST:
            holds = value >= at->low;
            break;
        case FUSED_MOST:
            holds = value <= at->high;
            break;
        case FUSED_BETWEEN:
            holds = value >= at->low && value <= at->high;
            break;
        case FUSED_DECIDE:
            return (uint32_t)at->low;
        }
        at += holds ? 0 : at->skip;
    }
}

/* Each instruction jumps to the next one's code itself, so that the processor predicts each jump
 * apart from the others. */
uint32_t fused_threaded(const void *data, const void *request)
{
    static const void *const labels[] = {
        [FUSED_EQUAL] = &&equal,     [FUSED_LEAST] = &&least,   [FUSED_MOST] = &&most,
        [FUSED_BETWEEN] = &&between, [FUSED_DECIDE] = &&decide,
    };
    const struct fused_program *program = data;
    const struct fused_instruction *at = program->code;
    const int32_t *row = request;
#define NEXT(holds)                                                                                \
    do {                                                                                           \
        at += (holds) ? 1 : at->skip + 1;                                                          \
        goto *labels[at->op];                                                                      \
    } while (0)
    goto *labels[at->op];
equal:
    NEXT(row[at->slot] == at->low);
least:
    NEXT(row[at->slot] >= at->low);
most:
    NEXT(row[at->slot] <= at->high);
between:
    NEXT(row[at->slot] >= at->low && row[at->slot] <= at->high);
decide:
    return (uint32_t)at->low;
#undef NEXT
}
