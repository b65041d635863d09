/* tests/bench/filter_pcap.c: a policy as a program for libpcap's classic BPF interpreter. */
#include "fused.h"

#include <arpa/inet.h>
#include <stdlib.h>

#include <pcap/pcap.h>

struct filter_program {
    struct bpf_insn *code;
    uint32_t length;
};

static void append(struct filter_program *program, unsigned op, uint8_t then, uint8_t otherwise,
                   uint32_t operand)
{
    program->code[program->length++] =
        (struct bpf_insn){(u_short)op, then, otherwise, (bpf_u_int32)operand};
}

/* Instructions of one test: load, at least low, at most high. Values are unsigned there, so that an
 * unset slot is above every bound. */
static uint8_t test_length(const struct plain_test *test)
{
    return test->low == test->high || test->low == 0 ? 2 : 3;
}

static void append_test(struct filter_program *program, const struct plain_test *test, uint8_t skip)
{
    append(program, BPF_LD | BPF_W | BPF_ABS, 0, 0, (uint32_t)test->slot * 4);
    if (test->low == test->high) {
        append(program, BPF_JMP | BPF_JEQ | BPF_K, 0, skip, (uint32_t)test->low);
        return;
    }
    if (test->low != 0)
        append(program, BPF_JMP | BPF_JGE | BPF_K, 0, (uint8_t)(skip + 1), (uint32_t)test->low);
    append(program, BPF_JMP | BPF_JGT | BPF_K, skip, 0, (uint32_t)test->high);
}

struct filter_program *filter_new(const struct workload *workload)
{
    struct filter_program *program = bench_memory(1, sizeof *program);
    size_t most = (size_t)workload->test_count * 3 + workload->conjunction_count + 1;
    program->code = bench_memory(most, sizeof *program->code);
    for (uint32_t i = 0; i < workload->conjunction_count; i++) {
        const struct conjunction *conjunction = &workload->conjunctions[i];
        const struct plain_test *tests = workload->tests + conjunction->first;
        uint8_t skip = 1; /* the return at the conjunction's end */
        for (uint32_t t = 0; t < conjunction->count; t++)
            skip = (uint8_t)(skip + test_length(&tests[t]));
        for (uint32_t t = 0; t < conjunction->count; t++) {
            skip = (uint8_t)(skip - test_length(&tests[t]));
            append_test(program, &tests[t], skip);
        }
        append(program, BPF_RET | BPF_K, 0, 0, conjunction->rule);
    }
    append(program, BPF_RET | BPF_K, 0, 0, workload->rule_count);
    return program;
}

void filter_free(struct filter_program *program)
{
    free(program->code);
    free(program);
}

uint32_t filter_run(const void *data, const void *row)
{
    const struct filter_program *program = data;
    return bpf_filter(program->code, row, SLOTS * 4, SLOTS * 4);
}

int32_t *filter_rows(const int32_t *rows, size_t count)
{
    int32_t *result = bench_memory(count * SLOTS, sizeof *result);
    for (size_t i = 0; i < count * SLOTS; i++)
        result[i] = (int32_t)htonl((uint32_t)rows[i]);
    return result;
}
