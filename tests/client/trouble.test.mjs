// Providers that die and callers that leave, at every stage; on raw sockets.
import assert from 'node:assert/strict';
import {before, beforeEach, test} from 'node:test';
import {connect, exchange, parseMessage, requestBytes, startGateway, startServer,
        until} from './harness.mjs';

const CHAT = '/v1/chat/completions';
const json = [['Content-Type', 'application/json']];
const M = '"model":"gpt-5-mini","messages":[]';
const whole = '{"object":"chat.completion","choices":[],"usage":{"prompt_tokens":7,' +
    '"completion_tokens":5},"service_tier":"default"}';
const good = 'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n' +
    `Content-Length: ${whole.length}\r\n\r\n${whole}`;
const streamHead = 'HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n' +
    'Transfer-Encoding: chunked\r\n\r\n';
const asChunk = (text) => `${Buffer.byteLength(text).toString(16)}\r\n${text}\r\n`;
const event = (text) => asChunk('data: {"object":"chat.completion.chunk","choices":[{"index":0,' +
    `"delta":{"content":"${text}"}}]}\n\n`);
let upstream, gateway, answer;
let asked = [];

before(async () => {
    upstream = await startServer((request, socket) => {
        asked.push(request);
        answer(socket, asked.length);
    });
    gateway = await startGateway(`${upstream.url}/v1`, '--threads', '1', '--drain', '10');
});

beforeEach(() => {
    asked = [];
    gateway.clearLedger();
    answer = (socket) => socket.write(good);
});

const post = (target, body, headers = json) => requestBytes('POST', target, headers,
                                                            Buffer.from(body));
const send = (target, body, headers) => exchange(gateway.port, post(target, body, headers));
const outcomes = () => gateway.ledger('attempted_tier tier, outcome');

// --- the provider dies ---

const deaths = {
    'before its head': (socket) => socket.end(),
    'in its head': (socket) => socket.end('HTTP/1.1 200 OK\r\nContent-Ty'),
    'behind its head': (socket) => socket.end('HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n'),
    'in its body': (socket) => socket.end(good.slice(0, -10)),
    'in a chunk': (socket) => socket.end('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n' +
                                         '20\r\n{"object":'),
    'with a reset': (socket) => socket.resetAndDestroy(),
    'with a reset in its body': (socket) => {
        socket.write(good.slice(0, -10));
        setTimeout(() => socket.resetAndDestroy(), 20);
    },
    'with nonsense': (socket) => socket.end('SSH-2.0-OpenSSH_9.2\r\n\r\n'),
};
const nonsense = 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n<html';

// The provider closes a connection behind this answer, so that the next request has a new one: on a
// kept one libcurl cannot tell a late close from a death, and sends the request once more.
async function forgetConnections() {
    answer = (socket) => socket.end(good.replace('\r\n', '\r\nConnection: close\r\n'));
    assert.equal((await send(CHAT, `{${M}}`)).status, 200);
    gateway.clearLedger();
    asked = [];
}

for (const [when, death] of Object.entries(deaths)) {
    test(`the provider dies ${when}: the next tier answers`, async () => {
        answer = (socket, number) => (number === 1 ? death(socket) : socket.write(good));
        const result = await send(CHAT, `{${M}}`, [...json, ['x-tierway-priority', 'low']]);
        assert.equal(result.status, 200);
        assert.equal(result.body.toString(), whole);
        assert.deepEqual(outcomes(), [{tier: 'flex', outcome: 3}, {tier: 'default', outcome: 0}]);
        assert.match(asked[1].body.toString(), /"service_tier":"default"/);
    });

    test(`the provider dies ${when}, and there is no other tier: an error`, async () => {
        await forgetConnections();
        answer = death;
        const result = await send(CHAT, `{${M}}`);
        assert.equal(result.status, 502);
        assert.equal(JSON.parse(result.body).error.type, 'server_error');
        assert.equal(outcomes().length, 1);
        assert.equal(asked.length, 1, 'a request that may have been served is not sent again');
    });
}

test('an answer that cannot be read: the next tier answers', async () => {
    answer = (socket, number) => socket.write(number === 1 ? nonsense : good);
    const result = await send(CHAT, `{${M}}`, [...json, ['x-tierway-priority', 'low']]);
    assert.equal(result.body.toString(), whole);
    assert.deepEqual(outcomes(), [{tier: 'flex', outcome: 3}, {tier: 'default', outcome: 0}]);
});

test('an answer that cannot be read, of the last tier, is handed on as it came', async () => {
    answer = (socket) => socket.write(nonsense);
    assert.equal((await send(CHAT, `{${M}}`)).body.toString(), '<html');
    assert.equal(asked.length, 1);
    assert.deepEqual(outcomes(), [{tier: 'default', outcome: 3}]);
});

for (const [when, death] of Object.entries(deaths))
    test(`the provider dies ${when}, of a request that passes through`, async () => {
        answer = death;
        const result = await send('/v1/embeddings', '{}');
        // An error, or an answer that breaks off where the provider's did.
        assert.ok(result.status === 502 || result.cut !== undefined, String(result.status));
    });

const first = (socket) => socket.write(streamHead + event('one'));
const streamDeaths = {
    'before its first event': [(socket) => socket.end(streamHead), 'again'],
    'in its first event': [(socket) => socket.end(`${streamHead}40\r\ndata: {"ch`), 'again'],
    'behind an event': [(socket) => socket.end(streamHead + event('one')), 'cut'],
    'in its second event': [(socket) => socket.end(`${streamHead}${event('one')}40\r\ndata: {`),
                            'cut'],
    'with a reset behind an event': [(socket) => {
        first(socket);
        setTimeout(() => socket.resetAndDestroy(), 30);
    }, 'cut'],
    'with the last event missing': [(socket) => socket.end(
        `${streamHead}${event('one')}0\r\n\r\n`), 'cut'],
};

for (const [when, [death, expected]] of Object.entries(streamDeaths))
    test(`a stream dies ${when}`, async () => {
        const end = asChunk('data: {"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}\n\n') +
            `${asChunk('data: [DONE]\n\n')}0\r\n\r\n`;
        answer = (socket, number) =>
            (number === 1 ? death(socket) : socket.write(streamHead + event('two') + end));
        const result = await send(CHAT, `{${M},"stream":true}`,
                                  [...json, ['x-tierway-priority', 'low']]);
        if (expected === 'again') {
            assert.equal(result.status, 200);
            const text = result.body.toString();
            assert.ok(text.includes('two') && !text.includes('one'));
            assert.deepEqual(outcomes(),
                [{tier: 'flex', outcome: 3}, {tier: 'default', outcome: 0}]);
        } else {
            // The caller must be able to tell that something is missing.
            const text = (result.cut ?? result.body).toString();
            assert.ok(text.includes('one') && !text.includes('two'));
            assert.ok(!text.includes('[DONE]'));
            assert.equal(asked.length, 1);
            assert.equal(outcomes().length, 1);
        }
    });

test('a provider that hangs: the rule\'s time limit, then the next tier', async () => {
    answer = (socket, number) => number > 1 && socket.write(good);
    const start = Date.now();
    const result = await send(CHAT, `{${M}}`, [...json, ['x-tierway-priority', 'high']]);
    assert.equal(result.status, 200);
    assert.ok(Date.now() - start >= 300);
    assert.deepEqual(outcomes(), [{tier: 'flex', outcome: 4}, {tier: 'default', outcome: 0}]);
});

test('a provider that hangs, and the caller\'s own time limit', async () => {
    answer = () => {};
    const result = await send(CHAT, `{${M}}`, [...json, ['x-stainless-timeout', '1']]);
    assert.equal(result.status, 504);
    assert.equal(JSON.parse(result.body).error.code, 'upstream_timeout');
});

test('a kept connection that the provider has closed: nobody notices', async () => {
    const connections = new Set();
    answer = (socket) => {
        connections.add(socket);
        socket.write(good);
    };
    for (let i = 0; i < 10; i++) {
        assert.equal((await send(CHAT, `{${M}}`)).status, 200);
        await new Promise((resolve) => [...connections].at(-1).end(resolve));
    }
    assert.equal(asked.length, 10);
    assert.equal(connections.size, 10);
});

test('many requests share the connections to the provider', async () => {
    const connections = new Set();
    answer = (socket) => {
        connections.add(socket);
        socket.write(good);
    };
    for (let i = 0; i < 20; i++) assert.equal((await send(CHAT, `{${M}}`)).status, 200);
    assert.equal(connections.size, 1);
});

// --- the caller leaves ---

const leaves = {
    'before a byte': (bytes) => bytes.subarray(0, 0),
    'in its request line': (bytes) => bytes.subarray(0, 9),
    'in its head': (bytes) => bytes.subarray(0, 60),
    'in its body': (bytes) => bytes.subarray(0, bytes.length - 5),
};
for (const [when, part] of Object.entries(leaves))
    for (const how of ['end', 'resetAndDestroy'])
        test(`a caller leaves ${when} (${how}): nothing goes upstream`, async () => {
            const caller = await connect(gateway.port);
            const bytes = part(post(CHAT, `{${M}}`));
            if (bytes.length) await new Promise((resolve) => caller.socket.write(bytes, resolve));
            caller.socket[how]();
            await until(() => caller.ended, 'the end');
            assert.equal((await send(CHAT, `{${M}}`)).status, 200);
            assert.equal(asked.length, 1);
        });

// Milliseconds until the upstream side of a request whose caller leaves is closed.
async function leave(caller, how, wanted) {
    let closed;
    wanted.once('close', () => (closed = performance.now()));
    const start = performance.now();
    caller.socket[how]();
    await until(() => closed, 'the end upstream');
    return closed - start;
}

const stages = {
    'before the answer': [() => {}, () => true],
    'in the head of the answer': [(socket) => socket.write(good.slice(0, 30)), () => true],
    'in the body of the answer': [(socket) => socket.write(good.slice(0, -5)), () => true],
    'in a stream': [first, (received) => received.includes('one')],
    'before a stream\'s first event': [(socket) => socket.write(streamHead), () => true],
};
for (const [when, [begin, ready]] of Object.entries(stages))
    for (const how of ['end', 'resetAndDestroy'])
        for (const target of [CHAT, '/v1/embeddings'])
            test(`a caller of ${target} leaves ${when} (${how})`, async () => {
                const delays = [];
                for (let i = 0; i < 3; i++) {
                    let socket;
                    answer = (connection) => begin(socket = connection);
                    const caller = await connect(gateway.port);
                    const stream = when.includes('stream') ? ',"stream":true' : '';
                    caller.socket.write(post(target, `{${M}${stream}}`));
                    await until(() => socket && ready(caller.received.toString()), 'the stage');
                    delays.push(await leave(caller, how, socket));
                }
                assert.ok(Math.min(...delays) < 100, `${delays}`);
                if (target !== CHAT) return;
                await until(() => outcomes().length === 3, 'the rows');
                assert.deepEqual(outcomes().map((row) => row.outcome), [5, 5, 5]);
            });

test('a caller that leaves between two attempts: the second one is not sent', async () => {
    answer = (socket) => socket.write('HTTP/1.1 503 X\r\nContent-Length: 0\r\n\r\n');
    const caller = await connect(gateway.port);
    caller.socket.write(post(CHAT, `{${M}}`, [['x-tierway-priority', 'low']]));
    await until(() => asked.length > 0, 'the first attempt');
    caller.socket.resetAndDestroy();
    await until(() => outcomes().length >= 1, 'the row');
    assert.ok(asked.length <= 2);
});

test('a slow sender is not waited for by the others', async () => {
    const slow = await connect(gateway.port);
    const bytes = post(CHAT, `{${M},"a":"${'x'.repeat(20000)}"}`);
    slow.socket.write(bytes.subarray(0, 10000));
    for (let i = 0; i < 20; i++) assert.equal((await send(CHAT, `{${M}}`)).status, 200);
    assert.equal(parseMessage(slow.received), undefined);
    slow.socket.write(bytes.subarray(10000));
    await until(() => parseMessage(slow.received), 'its answer');
    slow.socket.destroy();
});

// Whatever happened before, the gateway serves the next request, and ends in order.
test('after all that', async () => {
    assert.equal((await send(CHAT, `{${M}}`)).status, 200);
    assert.equal(await gateway.stop(), 0);
    assert.equal(gateway.errors, '');
});
