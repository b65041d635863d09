// What goes through byte for byte: odd but valid bodies, heads and answers, on raw sockets.
import assert from 'node:assert/strict';
import {before, beforeEach, test} from 'node:test';
import {connect, exchange, parseMessage, requestBytes, startGateway, startServer,
        until} from './harness.mjs';

const CHAT = '/v1/chat/completions';
const whole = '{"object":"chat.completion","choices":[]}';
const plainAnswer = 'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n' +
    `Content-Length: ${whole.length}\r\n\r\n${whole}`;
const eventAnswer = 'HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n' +
    'Transfer-Encoding: chunked\r\n\r\ne\r\ndata: [DONE]\n\n\r\n0\r\n\r\n';
let upstream, gateway, answer;
let asked = [];

before(async () => {
    upstream = await startServer((request, socket) => {
        asked.push(request);
        answer(socket, request);
    });
    gateway = await startGateway(`${upstream.url}/v1`);
});

beforeEach(() => {
    asked = [];
    answer = (socket) => socket.write(plainAnswer, 'latin1');
});

const json = [['Content-Type', 'application/json'], ['x-tierway-priority', 'low']];
const send = (method, target, headers = [], body = undefined) =>
    exchange(gateway.port, requestBytes(method, target, headers, body), method === 'HEAD');

// --- bodies of routed requests ---

const M = '"model":"gpt-5-mini","messages":[]';
const tier = '"service_tier":"flex"';
const planes = 'a\u00e9\u4e16\u{1f600}\u{10fffd}\ud7ff\ue000';
// [what, body, what has to arrive]; a text alone stands for itself with the tier as first member.
const bodies = [
    ['a body without a tier', `{${M}}`],
    ['white space of all kinds', ` \t\r\n{ ${M} \n}\r\n \t`],
    ['members that nobody knows, twice', `{"x":1,${M},"x":2,"x":{"x":[]}}`],
    ['names with escapes', `{"\\u006dodel":"gpt-5-mini","messages":[],"\\u0000\\/\\"":1}`],
    ['large numbers', `{${M},"a":123456789012345678901234567890,"b":-0,"c":-0.0,"d":0.10}`],
    ['numbers over any range', `{${M},"a":1e400,"b":-1E+999,"c":1e-9999,"d":1E400000000000}`],
    ['deep nesting', `{${M},"a":${'['.repeat(127)}${']'.repeat(127)}}`],
    ['UTF-8 of all planes', `{${M},"${planes}":"${planes}"}`],
    ['surrogates alone', `{${M},"a":"\\ud800","b":"\\udfff\\ud800","\\ud83d":"\\uDE00"}`],
    ['escapes that are not needed', `{${M},"a":"\\u0061\\/\\b\\f\\n\\r\\t\\\\\\""}`],
    ['U+2028 and DEL, raw', `{${M},"a":"\u2028\u2029\u007f"}`],
    ['a tier in another object', `{${M},"metadata":{"service_tier":"priority"}}`],
    ['a tier in a text', `{${M},"a":"\\"service_tier\\":\\"x\\""}`],
    ['an empty name', `{"":"",${M}}`],
    ['a body over one read', `{${M},"a":"${'0123456789'.repeat(60000)}"}`],
    ['options of a stream that is none', `{${M},"stream":false,"stream_options":{"a":1}}`],
    ['stream as a number', `{${M},"stream":1}`],
    ['a tier null', `{${M},"service_tier":null}`, `{${M},${tier}}`],
    ['a tier null, first', `{"service_tier": null ,${M}}`, `{"service_tier": "flex" ,${M}}`],
    ['a tier null, in between', `{"a":1 , "service_tier" : null , ${M}}`,
     `{"a":1 , "service_tier" : "flex" , ${M}}`],
    ['an object without a model, which the provider may refuse', ' { } ', ` {${tier} } `],
    ['a tier with escapes in its name', `{${M},"service\\u005ftier":null}`,
     `{${M},"service\\u005ftier":"flex"}`],
];
for (const [what, body, wanted] of bodies)
    test(`body: ${what}`, async () => {
        const result = await send('POST', CHAT, json, Buffer.from(body));
        assert.equal(result.status, 200, result.body.toString());
        const at = body.indexOf('{') + 1;
        assert.equal(asked[0].body.toString(), wanted ?? `${body.slice(0, at)}${tier},${body.slice(at)}`);
        assert.equal(asked.length, 1);
    });

test('body: a tier that is asked for stays where it is', async () => {
    for (const body of [`{"service_tier":"priority",${M}}`, `{${M} ,"service_tier" :"priority" }`,
                        `{${M},"service\\u005ftier":"\\u0070riority"}`]) {
        asked = [];
        await send('POST', CHAT, json, Buffer.from(body));
        assert.equal(asked[0].body.toString(), body.replace('\\u0070', 'p'));
    }
});

const usage = '"stream_options":{"include_usage":true}';
const streams = [
    ['without options', `{${M},"stream":true}`, `{${tier},${usage},${M},"stream":true}`],
    ['with empty options', `{${M},"stream":true,"stream_options":{ }}`,
     `{${tier},${M},"stream":true,"stream_options":{"include_usage":true }}`],
    ['with other options', `{"stream":true,"stream_options": { "a":1},${M}}`,
     `{${tier},"stream":true,"stream_options": {"include_usage":true, "a":1},${M}}`],
    ['that says false', `{"stream":true,"stream_options":{"include_usage": false},${M}}`,
     `{${tier},"stream":true,"stream_options":{"include_usage": true},${M}}`],
    ['that says true', `{"stream":true,"stream_options":{"include_usage":true},${M}}`,
     `{${tier},"stream":true,"stream_options":{"include_usage":true},${M}}`],
    ['with options null', `{"stream":true,"stream_options":null,${M}}`,
     `{${tier},"stream":true,"stream_options":{"include_usage":true},${M}}`],
    ['with options of a wrong type', `{"stream":true,"stream_options":7,${M}}`,
     `{${tier},"stream":true,"stream_options":7,${M}}`],
    ['with options before a tier null', `{"stream_options":{},"service_tier":null,"stream":true,${M}}`,
     `{"stream_options":{"include_usage":true},"service_tier":"flex","stream":true,${M}}`],
];
for (const [what, body, wanted] of streams)
    test(`body: a stream ${what}`, async () => {
        answer = (socket) => socket.write(eventAnswer);
        await send('POST', CHAT, json, Buffer.from(body));
        assert.equal(asked[0].body.toString(), wanted);
    });

// What JSON does not allow, or cannot mean one thing, goes no further.
const unusable = [
    ['a byte order mark', `\ufeff{${M}}`], ['nothing', ''], ['an array', '[]'],
    ['two tiers', `{${M},"service_tier":"flex","service_tier":"default"}`],
    ['two tiers, one escaped', `{${M},"service_tier":null,"service\\u005ftier":null}`],
    ['a trailing comma', `{${M},}`], ['two documents', `{${M}}{}`], ['a NUL behind it', `{${M}}\0`],
    ['nesting over 128 levels', `{${M},"a":${'['.repeat(128)}${']'.repeat(128)}}`],
    ['a control character', `{${M},"a":"\u0001"}`], ['NaN', `{${M},"a":NaN}`],
    ['nesting without end', '{"a":'.repeat(100000)],
];
for (const [what, body] of unusable)
    test(`refused: ${what}`, async () => {
        const result = await send('POST', CHAT, json, Buffer.from(body));
        assert.equal(result.status, 400);
        const {error} = JSON.parse(result.body);
        assert.equal(error.type, 'invalid_request_error');
        assert.ok(error.message.length > 0);
        assert.equal(asked.length, 0);
    });

test('refused: bytes that are no UTF-8', async () => {
    const body = Buffer.concat([Buffer.from(`{${M},"a":"`), Buffer.from([0xc3, 0x28]),
                                Buffer.from('"}')]);
    assert.equal((await send('POST', CHAT, json, body)).status, 400);
    assert.equal(asked.length, 0);
});

test('body: in chunks, of one byte each', async () => {
    const text = `{${M},"a":"${planes}"}`;
    const caller = await connect(gateway.port);
    caller.socket.write(`POST ${CHAT} HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n` +
                        'x-tierway-priority: low\r\n\r\n');
    for (const byte of Buffer.from(text)) {
        caller.socket.write('1;name="value"\r\n');
        caller.socket.write(Buffer.from([byte]));
        caller.socket.write('\r\n');
    }
    caller.socket.write('0\r\n\r\n');
    await until(() => parseMessage(caller.received), 'the answer');
    assert.equal(asked[0].body.toString(), `{${tier},${text.slice(1)}`);
    assert.equal(asked[0].head.get('content-length'), String(asked[0].body.length));
    assert.equal(asked[0].head.get('transfer-encoding'), undefined);
    caller.socket.destroy();
});

test('head and body in pieces of one byte', async () => {
    const body = Buffer.from(`{${M}}`);
    const caller = await connect(gateway.port);
    caller.socket.setNoDelay(true);
    for (const byte of requestBytes('POST', CHAT, json, body)) {
        caller.socket.write(Buffer.from([byte]));
        await new Promise(setImmediate);
    }
    await until(() => parseMessage(caller.received), 'the answer');
    assert.equal(asked[0].body.toString(), `{${tier},${M}}`);
    caller.socket.destroy();
});

test('Expect: 100-continue is answered before the body', async () => {
    const caller = await connect(gateway.port);
    caller.socket.write(`POST ${CHAT} HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n` +
                        `Content-Length: ${M.length + 2}\r\n\r\n`);
    await until(() => caller.received.toString() === 'HTTP/1.1 100 Continue\r\n\r\n', '100');
    caller.socket.write(`{${M}}`);
    await until(() => asked.length === 1, 'the request');
    assert.equal(asked[0].head.get('expect'), undefined);
    caller.socket.destroy();
});

// --- heads ---

test('headers: odd ones arrive as they were sent', async () => {
    const odd = [['X-Empty', ''], ['x-MiXeD-cAsE', 'Value With  Blanks'], ['X-Twice', '1'],
                 ['X-Twice', '2'], ['x-latin', 'caf\u00e9'], ["!#$%&'*+-.^_`|~09aZ", 'token'],
                 ['X-Long', 'v'.repeat(8000)], ['Cookie', 'a=b; c="d"'], ['X-Colon', 'a:b: c'],
                 ['Authorization', 'Bearer sk-test'], ['OpenAI-Organization', 'org-1'],
                 ['User-Agent', 'odd/1.0 (+x)'], ['Accept', '*/*;q=0.1'], ['Via', '1.1 other']];
    for (const [method, target] of [['POST', CHAT], ['POST', '/v1/embeddings']]) {
        asked = [];
        await send(method, target, odd, Buffer.from(`{${M}}`));
        const got = asked[0].head.headers.filter(([name]) =>
            odd.some(([other]) => other === name));
        assert.deepEqual(got, odd);
    }
});

test('headers: those of the connection, and our own, stay here', async () => {
    for (const target of [CHAT, '/v1/embeddings']) {
        asked = [];
        await send('POST', target, [['Connection', 'X-Hop, keep-alive'], ['X-Hop', '1'],
            ['Keep-Alive', 'timeout=5'], ['TE', 'trailers'], ['Proxy-Authorization', 'Basic x'],
            ['X-Tierway-Priority', 'low'], ['x-tierway-unheard-of', '1'], ['X-Stay', '1']],
            Buffer.from(`{${M}}`));
        const names = asked[0].head.headers.map(([name]) => name.toLowerCase());
        assert.ok(names.includes('x-stay'));
        for (const gone of ['x-hop', 'connection', 'keep-alive', 'te', 'proxy-authorization',
                            'x-tierway-priority', 'x-tierway-unheard-of'])
            assert.ok(!names.includes(gone), gone);
        assert.equal(asked[0].head.get('host'), `127.0.0.1:${upstream.port}`);
    }
});

test('targets: as they were sent', async () => {
    for (const target of ['/v1/models/a%2Fb%00%zz', '/v1/models?a=b&a=c&&=%20+%2B?/#'.slice(0, -1),
                          `/v1/files?after=${'x'.repeat(8000)}`, '/v1/a//b/../c/./d;e=f',
                          '/v1/files/%E4%B8%96', "/v1/!$&'()*+,;=:@-._~", '/v1?', '/v1/']) {
        asked = [];
        const result = await send('GET', target);
        assert.equal(result.status, 200, target);
        assert.equal(asked[0].head.first, `GET ${target} HTTP/1.1`);
    }
});

test('a query does not keep a request from being routed', async () => {
    await send('POST', `${CHAT}?api-version=2026-01-01&x=%2F`, json, Buffer.from(`{${M}}`));
    assert.equal(asked[0].head.first, `POST ${CHAT}?api-version=2026-01-01&x=%2F HTTP/1.1`);
    assert.ok(asked[0].body.includes(tier));
});

test('other methods on a routed path pass through untouched', async () => {
    for (const method of ['GET', 'DELETE']) {
        asked = [];
        await send(method, `${CHAT}/chatcmpl-1`);
        assert.equal(asked[0].head.first, `${method} ${CHAT}/chatcmpl-1 HTTP/1.1`);
    }
});

test('methods, with and without a body', async () => {
    const binary = Buffer.from(Array.from({length: 256}, (_, i) => i));
    for (const method of ['PUT', 'PATCH', 'DELETE', 'POST', 'OPTIONS'])
        for (const body of [binary, Buffer.alloc(0), undefined]) {
            asked = [];
            const result = await send(method, '/v1/things/1', [], body);
            assert.equal(result.status, 200);
            assert.equal(asked[0].head.first, `${method} /v1/things/1 HTTP/1.1`);
            assert.deepEqual(asked[0].body, body ?? Buffer.alloc(0));
            if (body) assert.equal(asked[0].head.get('content-length'), String(body.length));
        }
});

test('HEAD: the length of a body that does not come', async () => {
    answer = (socket) => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 12345\r\n\r\n');
    const result = await send('HEAD', '/v1/models');
    assert.equal(asked[0].head.first, 'HEAD /v1/models HTTP/1.1');
    assert.equal(result.head.get('content-length'), '12345');
    answer = (socket) => socket.write(plainAnswer);
    assert.equal((await send('GET', '/v1/models')).body.toString(), whole);
});

test('an upload in chunks passes through whole', async () => {
    const piece = Buffer.alloc(100000, 'abcdefg');
    const caller = await connect(gateway.port);
    caller.socket.write('PUT /v1/uploads/1 HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n');
    for (let i = 0; i < 20; i++) {
        caller.socket.write(`${piece.length.toString(16)}\r\n`);
        caller.socket.write(piece);
        caller.socket.write('\r\n');
    }
    caller.socket.write('0\r\n\r\n');
    await until(() => parseMessage(caller.received), 'the answer');
    assert.deepEqual(asked[0].body, Buffer.concat(Array(20).fill(piece)));
    caller.socket.destroy();
});

// --- answers ---

test('statuses', async () => {
    for (const status of [200, 201, 202, 204, 206, 302, 304, 307, 400, 401, 404, 409, 418, 498, 500,
                          503, 529, 599]) {
        const bodiless = status === 204 || status === 304;
        answer = (socket) => socket.write(`HTTP/1.1 ${status} Some Words\r\nX-A: 1\r\n` +
            (bodiless ? '\r\n' : 'Location: /else\r\nContent-Length: 5\r\n\r\nhello'));
        const result = await send('GET', '/v1/models');
        assert.equal(result.status, status);
        assert.equal(result.body.toString(), bodiless ? '' : 'hello');
        assert.equal(result.head.get('x-a'), '1');
        if (bodiless) assert.equal(result.head.get('transfer-encoding'), undefined);
    }
});

test('statuses of routed requests', async () => {
    for (const status of [201, 400, 401, 404, 409, 422, 498, 501, 529]) {
        const body = '{"error":{"message":"m","type":"t","param":null,"code":"c"}}';
        answer = (socket) => socket.write(`HTTP/1.1 ${status} X\r\n` +
            `Content-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`);
        const result = await send('POST', CHAT, [], Buffer.from(`{${M}}`));
        assert.equal(result.status, status);
        assert.equal(result.body.toString(), body);
    }
});

test('headers of answers arrive as they were sent', async () => {
    const odd = [['X-Request-ID', 'req_1'], ['x-twice', '1'], ['X-Twice', '2'], ['X-Empty', ''],
                 ['X-Latin', 'caf\u00e9'], ['Set-Cookie', 'a=b'], ['Set-Cookie', 'c=d'],
                 ['Content-Type', 'application/json; charset=utf-8'], ['X-Long', 'v'.repeat(9000)],
                 ['Retry-After', '7'], ['ETag', '"x"'], ['Cache-Control', 'no-store']];
    const head = odd.map(([name, value]) => `${name}: ${value}\r\n`).join('');
    answer = (socket) => socket.write(Buffer.from(
        `HTTP/1.1 200 OK\r\n${head}Connection: keep-alive\r\nContent-Length: ${whole.length}\r\n\r\n${whole}`,
        'latin1'));
    for (const [method, target] of [['GET', '/v1/models'], ['POST', CHAT]]) {
        const result = await send(method, target, [],
                                  method === 'POST' ? Buffer.from(`{${M}}`) : undefined);
        const got = result.head.headers.filter(([name]) => odd.some(([other]) => other === name));
        assert.deepEqual(got, odd);
        assert.equal(result.head.get('connection'), undefined);
    }
});

test('a compressed answer passes through as it is', async () => {
    const bytes = Buffer.from(Array.from({length: 300}, (_, i) => i % 256));
    answer = (socket, request) => {
        assert.equal(request.head.get('accept-encoding'), 'gzip, br');
        socket.write('HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 300\r\n\r\n');
        socket.write(bytes);
    };
    const result = await send('GET', '/v1/files/1/content', [['Accept-Encoding', 'gzip, br']]);
    assert.equal(result.head.get('content-encoding'), 'gzip');
    assert.deepEqual(result.body, bytes);
});

test('answers in chunks, with a trailer, or up to the end of the connection', async () => {
    const body = Buffer.alloc(200000, 'chunks of an answer ');
    const chunked = (trailer) => (socket) => {
        socket.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n');
        for (let at = 0; at < body.length; at += 7777) {
            const piece = body.subarray(at, at + 7777);
            socket.write(`${piece.length.toString(16)};ext=1\r\n`);
            socket.write(piece);
            socket.write('\r\n');
        }
        socket.write(`0\r\n${trailer}\r\n`);
    };
    answer = chunked('');
    assert.deepEqual((await send('GET', '/v1/a')).body, body);
    answer = chunked('X-Checksum: 1\r\n');
    assert.deepEqual((await send('GET', '/v1/a')).body, body);
    answer = (socket) => socket.end(Buffer.concat([Buffer.from('HTTP/1.1 200 OK\r\n\r\n'), body]));
    assert.deepEqual((await send('GET', '/v1/a')).body, body);
});

test('a stream\'s bytes, however odd, and in whatever pieces they come', async () => {
    const text = ': comment\n\nid: 1\nevent: x\nretry: 10\ndata: {"choices":[{"index":0,"delta":' +
        `{"content":"${planes}"}}]}\n\r\nunknown: 1\ndata:{"choices":[]}\n\n` +
        'data: {"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}\r\n\r\ndata: [DONE]\n\n';
    const bytes = Buffer.from(text);
    for (const size of [1, 3, bytes.length]) {
        answer = async (socket) => {
            socket.setNoDelay(true);
            socket.write('HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n' +
                         'Transfer-Encoding: chunked\r\n\r\n');
            for (let at = 0; at < bytes.length; at += size) {
                const piece = bytes.subarray(at, at + size);
                socket.write(Buffer.concat([Buffer.from(`${piece.length.toString(16)}\r\n`), piece,
                                            Buffer.from('\r\n')]));
                await new Promise(setImmediate);
            }
            socket.write('0\r\n\r\n');
        };
        const body = `{${M},"stream":true,"stream_options":{"include_usage":true}}`;
        const result = await send('POST', CHAT, [], Buffer.from(body));
        assert.equal(result.body.toString().replace(/: tierway \{.*\}\n\n$/, ''), text);
    }
});

test('an interim answer before the answer', async () => {
    answer = (socket) => socket.write(`HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n${plainAnswer}`);
    for (const [method, target] of [['GET', '/v1/models'], ['POST', CHAT]]) {
        const result = await send(method, target, [],
                                  method === 'POST' ? Buffer.from(`{${M}}`) : undefined);
        assert.equal(result.status, 200);
        assert.equal(result.body.toString(), whole);
        // Which attempt a routed request will be answered by is not known at that time.
        assert.deepEqual(result.interim.map((head) => [head.first.split(' ')[1], head.get('link')]),
                         method === 'GET' ? [['103', '</a>']] : []);
    }
});

test('requests one behind the other on one connection, answered in order', async () => {
    answer = (socket, request) => {
        const body = request.head.first.split(' ')[1];
        socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n\r\n${body}`);
    };
    const caller = await connect(gateway.port);
    const targets = Array.from({length: 20}, (_, i) => `/v1/things/${i}`);
    caller.socket.write(Buffer.concat(targets.map((target) => requestBytes('GET', target, []))));
    const bodies = [];
    let at = 0;
    await until(() => {
        for (let one; (one = parseMessage(caller.received.subarray(at))); at += one.used)
            bodies.push(one.body.toString());
        return bodies.length === targets.length;
    }, 'all answers');
    assert.deepEqual(bodies, targets);
    caller.socket.destroy();
});

// --- framings at random, always the same ones ---

function randomNumbers(seed) {
    let state = seed;
    return (below) => {
        state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
        return Math.floor((state / 2 ** 32) * below);
    };
}

// The body with a length or in chunks of any size, as the bytes behind the first line and headers.
function framed(body, random, lines) {
    if (random(2)) return Buffer.concat([
        Buffer.from(`${lines}Content-Length: ${body.length}\r\n\r\n`), body]);
    const pieces = [Buffer.from(`${lines}Transfer-Encoding: chunked\r\n\r\n`)];
    for (let at = 0; at < body.length; ) {
        const size = 1 + random(random(4) ? 40 : 5000);
        const piece = body.subarray(at, at + size);
        const digits = '0'.repeat(random(3)) + piece.length.toString(16);
        pieces.push(Buffer.from(`${random(2) ? digits.toUpperCase() : digits}\r\n`), piece,
                    Buffer.from('\r\n'));
        at += size;
    }
    pieces.push(Buffer.from('0\r\n\r\n'));
    return Buffer.concat(pieces);
}

async function writeInPieces(socket, bytes, random) {
    const most = random(3) ? 3000 : 30;
    for (let at = 0; at < bytes.length; ) {
        const size = 1 + random(most);
        socket.write(bytes.subarray(at, at + size));
        at += size;
        if (!random(4)) await new Promise(setImmediate);
    }
}

for (let seed = 1; seed <= 8; seed++)
    test(`framings at random, ${seed}`, async () => {
        const random = randomNumbers(seed);
        answer = async (socket, request) => {
            const routed = request.head.first.includes('completions');
            // A routed request gets its body back inside of an answer.
            const body = routed ? Buffer.concat([Buffer.from('{"choices":[],"echo":'), request.body,
                                                 Buffer.from('}')]) : request.body;
            await writeInPieces(socket, framed(body, random, 'HTTP/1.1 200 OK\r\n'), random);
        };
        const caller = await connect(gateway.port);
        caller.socket.setNoDelay(true);
        const wanted = [], pieces = [];
        for (let i = 0; i < 25; i++) {
            const filling = 'x'.repeat(random(random(5) ? 300 : 40000));
            const routed = random(2);
            const body = routed ? `{${M},"n":${i},"a":"${filling}"}` : `${i}${filling}`;
            wanted.push(routed ? `{"choices":[],"echo":{${tier},${body.slice(1)}}` : body);
            const target = routed ? CHAT : '/v1/echo';
            pieces.push(framed(Buffer.from(body), random,
                `POST ${target} HTTP/1.1\r\nHost: a\r\nx-tierway-priority: low\r\n`));
        }
        const sending = writeInPieces(caller.socket, Buffer.concat(pieces), random);
        const got = [];
        let at = 0;
        await until(() => {
            for (let one; (one = parseMessage(caller.received.subarray(at))); at += one.used)
                got.push(one.body.toString());
            return got.length === wanted.length;
        }, 'all answers');
        await sending;
        assert.deepEqual(got, wanted);
        assert.equal(asked.length, wanted.length);
        caller.socket.destroy();
    });
