/* tests/bench/lua.c: the text of the Lua program, and calls into LuaJIT. */
#include "lua.h"

#include <stdlib.h>

#include <lauxlib.h>
#include <lua.h>
#include <lualib.h>

struct lua_program {
    lua_State *state;
    const int32_t *rows;
    size_t count;
};

static void print_test(struct buffer *text, const struct plain_test *test)
{
    if (test->low == test->high)
        buffer_format(text, "v%d == %d", test->slot, test->low);
    else if (test->high == SLOT_MOST)
        buffer_format(text, "v%d >= %d", test->slot, test->low);
    else
        buffer_format(text, "v%d >= %d and v%d <= %d", test->slot, test->low, test->slot,
                      test->high);
}

/* The slots that tests read become locals once: where LuaJIT interprets, reading memory through its
 * ffi is slow. */
static void print_locals(struct buffer *text, const struct workload *workload)
{
    bool read[SLOTS] = {false};
    for (uint32_t i = 0; i < workload->test_count; i++)
        read[workload->tests[i].slot] = true;
    for (int slot = 0; slot < SLOTS; slot++)
        if (read[slot])
            buffer_format(text, "local v%d = row[%d]\n", slot, slot);
}

static void print_program(struct buffer *text, const struct workload *workload)
{
    buffer_string(text, "local ffi = require 'ffi'\nlocal function decide(row)\n");
    print_locals(text, workload);
    for (uint32_t i = 0; i < workload->conjunction_count; i++) {
        const struct conjunction *conjunction = &workload->conjunctions[i];
        buffer_string(text, "if ");
        for (uint32_t t = 0; t < conjunction->count; t++) {
            buffer_string(text, t ? " and " : "");
            print_test(text, &workload->tests[conjunction->first + t]);
        }
        buffer_format(text, " then return %u end\n", conjunction->rule);
    }
    buffer_format(text, "return %u\nend\n", workload->rule_count);
    buffer_format(text,
                  "return function(pointer, count)\n"
                  "local rows, sum = ffi.cast('const int32_t *', pointer), 0\n"
                  "for i = 0, count - 1 do\n"
                  "sum = sum + decide(rows + i * %d) * (i + 1)\nend\nreturn sum\nend\n",
                  SLOTS);
}

struct lua_program *lua_program_new(const struct workload *workload, const int32_t *rows,
                                    size_t count)
{
    struct lua_program *program = bench_memory(1, sizeof *program);
    *program = (struct lua_program){luaL_newstate(), rows, count};
    struct buffer text;
    buffer_init(&text, 1 << 20);
    print_program(&text, workload);
    if (!program->state || text.status)
        bench_trouble("LuaJIT: out of memory");
    luaL_openlibs(program->state);
    if (luaL_loadbuffer(program->state, text.data, text.length, "policy") ||
        lua_pcall(program->state, 0, 1, 0))
        bench_trouble("LuaJIT: %s", lua_tostring(program->state, -1));
    buffer_free(&text);
    return program;
}

void lua_program_free(struct lua_program *program)
{
    lua_close(program->state);
    free(program);
}

uint64_t lua_program_run(const void *data)
{
    const struct lua_program *program = data;
    lua_pushvalue(program->state, -1);
    lua_pushlightuserdata(program->state, (void *)(uintptr_t)program->rows);
    lua_pushinteger(program->state, (lua_Integer)program->count);
    if (lua_pcall(program->state, 2, 1, 0))
        bench_trouble("LuaJIT: %s", lua_tostring(program->state, -1));
    uint64_t sum = (uint64_t)lua_tonumber(program->state, -1);
    lua_pop(program->state, 1);
    return sum;
}
