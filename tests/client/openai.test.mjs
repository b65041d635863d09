// OpenAI's own client, unchanged but for its base URL, against the gateway and the stand-in.
import assert from 'node:assert/strict';
import {File} from 'node:buffer';
import {before, beforeEach, test} from 'node:test';
import {clientModule, startGateway, startProvider, startServer, until} from './harness.mjs';

const OpenAI = clientModule('openai').default;
const messages = [{role: 'user', content: 'Grüße, 世界'}];
const low = {headers: {'x-tierway-priority': 'low'}};
let provider, gateway, direct, client;

before(async () => {
    provider = await startProvider('--latency', 'flex=2', '--latency', 'default=2');
    gateway = await startGateway(`${provider.url}/v1`);
    direct = new OpenAI({apiKey: 'sk-test', baseURL: `${provider.url}/v1`, maxRetries: 0});
    client = new OpenAI({apiKey: 'sk-test', baseURL: `${gateway.url}/v1`, maxRetries: 0});
});

beforeEach(async () => {
    await provider.set('reset');
    gateway.clearLedger();
});

// The same call straight to the provider at this tier, and through the gateway: both answers as
// bytes, and both requests as the provider got them.
async function both(call, tier) {
    const results = [];
    for (const [caller, members] of [[direct, tier ? {service_tier: tier} : {}], [client, {}]]) {
        await provider.set('reset');
        const response = await call(caller, members).asResponse();
        const text = await response.text();
        results.push({response, text, request: (await provider.requests())[0]});
    }
    return results;
}

// Of a connection, or new with each request.
const changing = new Set(['host', 'connection', 'accept-encoding', 'content-length',
                          'x-request-id', 'transfer-encoding', 'keep-alive', 'date']);
const lasting = (headers) => [...headers]
    .map(([name, value]) => [name.toLowerCase(), value])
    .filter(([name]) => !changing.has(name) && !name.startsWith('x-tierway-'))
    .sort();

test('chat: the answer and the request are those of a direct call at the tier', async () => {
    const [plain, routed] = await both((caller, members) => caller.chat.completions.create(
        {model: 'gpt-5-mini', messages, temperature: 0.25, ...members}, low), 'flex');
    assert.equal(routed.text, plain.text);
    assert.equal(routed.response.status, 200);
    assert.equal(routed.response.headers.get('x-tierway-tier'), 'flex');
    assert.equal(routed.response.headers.get('x-tierway-rule'), 'patient');
    assert.match(routed.response.headers.get('x-tierway-request-id'), /^req_[0-9a-f]{32}$/);
    assert.match(routed.response.headers.get('x-tierway-cost'), /^0\.\d+$/);
    assert.deepEqual(lasting(routed.response.headers), lasting(plain.response.headers));

    const sent = JSON.stringify({model: 'gpt-5-mini', messages, temperature: 0.25});
    assert.equal(routed.request.body.toString(), `{"service_tier":"flex",${sent.slice(1)}`);
    assert.deepEqual(lasting(routed.request.head.headers), lasting(plain.request.head.headers)
        .filter(([name]) => !name.startsWith('x-tierway-')));
    const own = routed.request.head.headers.filter(([name]) => /^x-tierway-/i.test(name));
    assert.deepEqual(own, []);
    assert.equal(routed.request.head.get('host'), provider.address);
    assert.equal(routed.request.head.get('authorization'), 'Bearer sk-test');
});

test('chat: parsed as usual', async () => {
    const answer = await client.chat.completions.create({model: 'gpt-5-mini', messages}, low);
    assert.equal(answer.service_tier, 'flex');
    assert.equal(answer.object, 'chat.completion');
    assert.match(answer._request_id, /^req_/);
    assert.ok(answer.choices[0].message.content.length > 0);
});

test('chat: a tier that the caller asks for', async () => {
    const answer = await client.chat.completions.create(
        {model: 'gpt-5', messages, service_tier: 'priority'});
    assert.equal(answer.service_tier, 'priority');
    assert.deepEqual(gateway.ledger('rule, requested_tier, served_tier'),
        [{rule: 'pinned', requested_tier: 'priority', served_tier: 'priority'}]);
});

// Until the provider's own marks of usage that nobody asked for are taken out, they are the one
// difference to a direct stream.
const withoutUsageMarks = (text) => text.replaceAll(',"usage":null}\n\n', '}\n\n')
    .replace(/^: tierway .*\n\n$/m, '');

test('chat stream: the events are those of a direct call, without usage', async () => {
    const [plain, routed] = await both((caller, members) => caller.chat.completions.create(
        {model: 'gpt-5-mini', messages, stream: true, ...members}, low), 'flex');
    assert.equal(withoutUsageMarks(routed.text), plain.text);
    assert.ok(!routed.text.includes('prompt_tokens'));
    assert.match(routed.request.body.toString(),
        /^\{"service_tier":"flex","stream_options":\{"include_usage":true\},"model":/);
    const last = JSON.parse(/^: tierway (.*)\n\n$/m.exec(routed.text)[1]);
    assert.equal(last.tier, 'flex');
    assert.equal(last.rule, 'patient');
    assert.equal(last.attempts, 1);
    assert.equal(last.request_id, routed.response.headers.get('x-tierway-request-id'));
});

test('chat stream: usage that was asked for stays, and every byte with it', async () => {
    const [plain, routed] = await both((caller, members) => caller.chat.completions.create(
        {model: 'gpt-5-mini', messages, stream: true, stream_options: {include_usage: true},
         ...members}, low), 'flex');
    assert.equal(routed.text.replace(/^: tierway .*\n\n$/m, ''), plain.text);
    assert.match(plain.text, /"usage":\{"prompt_tokens":/);
});

test('chat stream: read by the client', async () => {
    const stream = await client.chat.completions.create(
        {model: 'gpt-5-mini', messages, stream: true}, low);
    let text = '', chunks = 0;
    for await (const chunk of stream) {
        assert.equal(chunk.choices.length, 1);
        assert.equal(chunk.service_tier, 'flex');
        text += chunk.choices[0].delta.content ?? '';
        chunks++;
    }
    const whole = await client.chat.completions.create({model: 'gpt-5-mini', messages}, low);
    assert.equal(text, whole.choices[0].message.content);
    assert.ok(chunks > 3);
});

test('chat stream: the helper with its final message and its usage', async () => {
    const runner = client.chat.completions.stream(
        {model: 'gpt-5-mini', messages, stream_options: {include_usage: true}}, low);
    const final = await runner.finalChatCompletion();
    assert.equal(final.usage.total_tokens,
        final.usage.prompt_tokens + final.usage.completion_tokens);
    assert.deepEqual(gateway.ledger('input_tokens, output_tokens'),
        [{input_tokens: final.usage.prompt_tokens, output_tokens: final.usage.completion_tokens}]);
});

test('responses: as a direct call', async () => {
    const [plain, routed] = await both((caller, members) => caller.responses.create(
        {model: 'gpt-5', input: 'Hello', ...members}, low), 'flex');
    assert.equal(routed.text, plain.text);
    assert.equal(routed.request.path, '/v1/responses');
    const answer = await client.responses.create({model: 'gpt-5', input: 'Hello'}, low);
    assert.equal(answer.service_tier, 'flex');
    assert.ok(answer.output_text.length > 0);
});

test('responses stream: as a direct call, and read by the client', async () => {
    const [plain, routed] = await both((caller, members) => caller.responses.create(
        {model: 'gpt-5', input: 'Hello', stream: true, ...members}, low), 'flex');
    assert.equal(routed.text.replace(/^: tierway .*\n\n$/m, ''), plain.text);
    assert.ok(!routed.request.body.includes('stream_options'));
    const types = [];
    let final;
    for await (const event of await client.responses.create(
        {model: 'gpt-5', input: 'Hello', stream: true}, low)) {
        types.push(event.type);
        if (event.type === 'response.completed') final = event.response;
    }
    assert.equal(types[0], 'response.created');
    assert.equal(types.at(-1), 'response.completed');
    assert.equal(final.service_tier, 'flex');
});

// --- stepping down ---

const attempts = () => gateway.ledger('attempted_tier, served_tier, http_status, outcome');
const steppedDown = [
    {attempted_tier: 'flex', served_tier: null, http_status: 429, outcome: 1},
    {attempted_tier: 'default', served_tier: 'default', http_status: 200, outcome: 0},
];

test('flex without room: the caller sees the answer at default and nothing else', async () => {
    await provider.set('capacity', 'refuse first 1');
    const {data, response} = await client.chat.completions.create(
        {model: 'gpt-5-mini', messages}, low).withResponse();
    assert.equal(data.service_tier, 'default');
    assert.equal(response.headers.get('x-tierway-tier'), 'default');
    assert.deepEqual(attempts(), steppedDown);
    const tiers = (await provider.requests()).map(({body}) => JSON.parse(body).service_tier);
    assert.deepEqual(tiers, ['flex', 'default']);
});

for (const [form, fault] of [['an error event', 'refuse-event'],
                             ['response.failed', 'refuse-failed']])
    test(`flex without room inside a 200 stream, as ${form}`, async () => {
        await provider.set('faults', `${fault}@flex`);
        const types = [];
        for await (const event of await client.responses.create(
            {model: 'gpt-5', input: 'Hello', stream: true}, low))
            types.push(event.type);
        assert.equal(types.filter((type) => type === 'response.created').length, 1);
        assert.equal(types.at(-1), 'response.completed');
        assert.deepEqual(attempts().map((row) => [row.attempted_tier, row.outcome]),
            [['flex', 1], ['default', 0]]);
    });

test('flex without room inside a 200 chat stream', async () => {
    await provider.set('faults', 'refuse-event@flex');
    let text = '';
    for await (const chunk of await client.chat.completions.create(
        {model: 'gpt-5-mini', messages, stream: true}, low)) {
        assert.equal(chunk.service_tier, 'default');
        text += chunk.choices[0].delta.content ?? '';
    }
    assert.ok(text.length > 0);
});

test('a rule without a way down hands the refusal on, and ends the retries', async () => {
    await provider.set('capacity', 'refuse all');
    const patient = new OpenAI({apiKey: 'sk', baseURL: `${gateway.url}/v1`, maxRetries: 2});
    const failure = await patient.chat.completions.create({model: 'gpt-5-mini', messages},
        {headers: {'x-tierway-request-type': 'async'}}).catch((error) => error);
    assert.ok(failure instanceof OpenAI.RateLimitError);
    assert.equal(failure.status, 429);
    assert.equal(failure.code, 'flex_unavailable');
    assert.equal(failure.type, 'resource_unavailable');
    assert.equal((await provider.requests()).length, 1);
});

// --- errors ---

const errors = [
    // fault, class, status, code
    ['500', OpenAI.InternalServerError, 500, null],
    ['503', OpenAI.InternalServerError, 503, 'server_is_overloaded'],
    ['429', OpenAI.RateLimitError, 429, 'rate_limit_exceeded'],
    ['billing', OpenAI.RateLimitError, 429, 'insufficient_quota'],
    ['400', OpenAI.BadRequestError, 400, null],
    ['498', OpenAI.APIError, 498, 'capacity_exceeded'],
];
for (const [fault, type, status, code] of errors)
    test(`error ${fault}: the class, status, code and request id of a direct call`, async () => {
        await provider.set('faults', fault);
        const results = [];
        for (const caller of [direct, client]) {
            const error = await caller.chat.completions.create({model: 'gpt-5-mini', messages})
                .catch((reason) => reason);
            assert.ok(error instanceof type, String(error));
            assert.equal(error.status, status);
            assert.equal(error.code, code);
            assert.match(error.requestID, /^req_/);
            results.push({message: error.message, type: error.type, param: error.param});
        }
        assert.deepEqual(results[1], results[0]);
    });

test('errors of the gateway itself have the same shape', async () => {
    const rejected = await client.chat.completions.create({model: 'gpt-5-mini', messages},
        {headers: {'x-tierway-priority': 'critical'}}).catch((error) => error);
    assert.ok(rejected instanceof OpenAI.PermissionDeniedError);
    assert.equal(rejected.code, 'rejected_by_policy');
    assert.equal(rejected.message, '403 closed for today');
    const unusable = await client.chat.completions.create({model: 'gpt-5-mini', messages},
        {headers: {'x-tierway-priority': 'soonish'}}).catch((error) => error);
    assert.ok(unusable instanceof OpenAI.BadRequestError);
    assert.equal(unusable.type, 'invalid_request_error');
    assert.deepEqual(await provider.requests(), []);
});

test('an error event in mid-stream reaches the caller, after what had come', async () => {
    await provider.set('faults', 'error-event=2');
    const stream = await client.chat.completions.create(
        {model: 'gpt-5-mini', messages, stream: true}, low);
    let pieces = 0;
    const failure = await (async () => {
        for await (const chunk of stream) pieces += Boolean(chunk.choices[0].delta.content);
    })().catch((error) => error);
    assert.ok(failure instanceof OpenAI.APIError, String(failure));
    assert.equal(failure.code, 'server_is_overloaded');
    assert.equal(pieces, 2);
});

test('a stream that breaks off upstream breaks off for the caller', async () => {
    await provider.set('faults', 'truncated=2');
    const stream = await client.chat.completions.create(
        {model: 'gpt-5-mini', messages, stream: true}, low);
    await assert.rejects(async () => {
        for await (const chunk of stream) assert.ok(chunk);
    });
    assert.equal(gateway.ledger('outcome')[0].outcome, 3);
});

test('a provider that is not there: an error that the client may try again', async () => {
    const closed = await startServer(() => {});
    closed.close();
    const lonely = await startGateway(`${closed.url}/v1`);
    const caller = new OpenAI({apiKey: 'sk', baseURL: `${lonely.url}/v1`, maxRetries: 0});
    const failure = await caller.chat.completions.create({model: 'gpt-5-mini', messages})
        .catch((error) => error);
    assert.ok(failure instanceof OpenAI.InternalServerError, String(failure));
    assert.equal(failure.status, 502);
    await lonely.stop();
});

test('the client tries again: its own count is the policy\'s attempt', async () => {
    await provider.set('faults', '500@default');
    const patient = new OpenAI({apiKey: 'sk', baseURL: `${gateway.url}/v1`, maxRetries: 2});
    const answer = await patient.chat.completions.create({model: 'gpt-5-mini', messages});
    assert.equal(answer.service_tier, 'priority');
    assert.deepEqual(gateway.ledger('rule, attempted_tier'),
        [{rule: 'otherwise', attempted_tier: 'default'},
         {rule: 'tireless', attempted_tier: 'priority'}]);
});

// --- a caller that leaves ---

const median = (numbers) => [...numbers].sort((a, b) => a - b)[numbers.length >> 1];
const chunk = (delta) => `data: {"id":"c","object":"chat.completion.chunk","created":1,` +
    `"model":"gpt-5-mini","choices":[{"index":0,"delta":${delta},"finish_reason":null}]}\n\n`;

// Streams one piece, and goes on each `interval` milliseconds; 0: says nothing more.
async function startStreaming(interval) {
    const gone = [];
    const server = await startServer((request, socket) => {
        socket.write('HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n' +
                     chunk('{"content":"one"}'));
        const timer = interval && setInterval(() => socket.write(chunk('{"content":"x"}')), interval);
        socket.on('close', () => {
            clearInterval(timer);
            gone.push(performance.now());
        });
    });
    return {...server, gone};
}

for (const [what, interval] of [['running', 5], ['idle', 0]])
    test(`a caller that leaves a stream, ${what}, ends it upstream within 100 ms`, async () => {
        const upstream = await startStreaming(interval);
        const through = await startGateway(`${upstream.url}/v1`);
        const caller = new OpenAI({apiKey: 'sk', baseURL: `${through.url}/v1`, maxRetries: 0});
        const delays = [];
        for (let i = 1; i <= 5; i++) {
            const stop = new AbortController();
            const stream = await caller.chat.completions.create(
                {model: 'gpt-5-mini', messages, stream: true}, {...low, signal: stop.signal});
            const {value} = await stream[Symbol.asyncIterator]().next();
            assert.equal(value.choices[0].delta.content, 'one');
            const start = performance.now();
            stop.abort();
            await until(() => upstream.gone.length === i, 'the upstream connection\'s end');
            delays.push(upstream.gone.at(-1) - start);
        }
        assert.ok(median(delays) < 100, `${delays}`);
        await until(() => through.ledger('outcome').length === 5, 'the rows');
        assert.deepEqual(through.ledger('outcome').map((row) => row.outcome), [5, 5, 5, 5, 5]);
        await through.stop();
        upstream.close();
    });

test('a caller that leaves before its answer ends it upstream', async () => {
    await provider.set('faults', 'hang');
    const stop = new AbortController();
    const call = client.chat.completions.create({model: 'gpt-5-mini', messages},
        {...low, signal: stop.signal}).catch((error) => error);
    await until(async () => (await provider.stats()).requests === 1, 'the request');
    stop.abort();
    assert.ok(await call instanceof OpenAI.APIUserAbortError);
    await until(async () => (await provider.stats()).left === 1, 'the provider is told');
    await until(() => gateway.ledger('outcome').length === 1, 'the row');
});

// --- what passes through ---

test('models: the provider\'s list', async () => {
    const [plain, routed] = await both((caller) => caller.models.list());
    assert.equal(routed.text, plain.text);
    assert.equal(routed.response.headers.get('x-tierway-tier'), null);
    const names = [];
    for await (const model of client.models.list()) names.push(model.id);
    assert.ok(names.includes('gpt-5-mini'));
    assert.deepEqual(gateway.ledger(), []);
});

test('files and batches: every byte as the client sent it', async () => {
    const asked = [];
    const server = await startServer((request, socket) => {
        asked.push(request);
        const body = '{"id":"file-1","object":"file","status":"validating"}';
        socket.write('HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nX-Request-Id: req_1\r\n' +
                     `Content-Length: ${body.length}\r\n\r\n${body}`);
    });
    const through = await startGateway(`${server.url}/v1`);
    const caller = new OpenAI({apiKey: 'sk', baseURL: `${through.url}/v1`, maxRetries: 0});
    const line = '{"custom_id":"1","method":"POST","url":"/v1/responses","body":{}}\n';
    globalThis.File ??= File; // Node.js 18 keeps it in node:buffer
    const file = await caller.files.create(
        {file: new File([line.repeat(5000)], 'jobs.jsonl'), purpose: 'batch'});
    assert.equal(file.id, 'file-1');
    const boundary = /boundary=(.+)$/.exec(asked[0].head.get('content-type'))[1];
    const parts = asked[0].body.toString().split(`--${boundary}`);
    assert.equal(parts.length, 4);
    assert.ok(parts.some((part) => part.endsWith(`\r\n\r\n${line.repeat(5000)}\r\n`)));

    await caller.batches.create(
        {input_file_id: 'file-1', endpoint: '/v1/responses', completion_window: '24h'});
    assert.equal(asked[1].head.first, 'POST /v1/batches HTTP/1.1');
    assert.equal(asked[1].body.toString(),
        '{"input_file_id":"file-1","endpoint":"/v1/responses","completion_window":"24h"}');
    await caller.files.delete('file-1');
    assert.equal(asked[2].head.first, 'DELETE /v1/files/file-1 HTTP/1.1');
    await through.stop();
    server.close();
});

// --- money ---

test('the ledger is the provider\'s bill', async () => {
    await provider.set('capacity', 'pattern ROO');
    for (let i = 0; i < 12; i++) {
        const options = i % 2 ? low : {};
        const stream = i % 3 === 0;
        const answer = await client.chat.completions.create(
            {model: i % 4 ? 'gpt-5-mini' : 'gpt-5', messages, stream}, options);
        if (stream) for await (const chunk of answer) assert.ok(chunk);
        await client.responses.create({model: 'gpt-5', input: `Number ${i}`}, options);
    }
    const billed = (await provider.stats()).billed
        .map((row) => [row.model, row.tier, row.requests, row.input_tokens, row.cached_tokens,
                       row.output_tokens, row.reasoning_tokens]).sort();
    const kept = gateway.ledger('model, served_tier, count(*) n, sum(input_tokens) i, ' +
        'sum(cached_tokens) c, sum(output_tokens) o, sum(reasoning_tokens) r, sum(cost) cost',
        'where outcome = 0 group by model, served_tier');
    assert.deepEqual(kept.map((row) => [row.model, row.served_tier, row.n, row.i, row.c, row.o,
                                        row.r]).sort(), billed);
    const spent = kept.reduce((sum, row) => sum + BigInt(row.cost), 0n);
    const stats = gateway.stats();
    const [whole, fraction = ''] = stats.spend.split('.');
    assert.equal(BigInt(whole + fraction.padEnd(12, '0')), spent);
    assert.equal(stats.requests, 24);
    assert.equal(stats.attempts.answered, 24);
    assert.equal(stats.attempts.refused, gateway.ledger('count(*) n', 'where outcome = 1')[0].n);
    assert.ok(stats.attempts.refused > 0);
});

test('twenty callers at once', async () => {
    const answers = await Promise.all(Array.from({length: 20}, (_, i) =>
        client.chat.completions.create({model: 'gpt-5-mini', messages, user: `user ${i}`}, low)));
    assert.equal(new Set(answers.map((answer) => answer.id)).size, 20);
    assert.equal(gateway.ledger().length, 20);
});
