/* tests/bench/lua.h: a policy as a chain of ifs in Lua, compiled by LuaJIT. Only built where LuaJIT
 * is there. */
#ifndef TIERWAY_TESTS_BENCH_LUA_H
#define TIERWAY_TESTS_BENCH_LUA_H

#include "policies.h"

struct lua_program;

/* The rows must outlive the program. */
struct lua_program *lua_program_new(const struct workload *workload, const int32_t *rows,
                                    size_t count);
void lua_program_free(struct lua_program *program);
/* Decides every row, in a loop in Lua; the weighted sum of the answers, as decide_rows has it. */
uint64_t lua_program_run(const void *program);

#endif
