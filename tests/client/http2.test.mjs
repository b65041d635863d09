// HTTP/2 to the provider: streams that share a connection, callers that leave, refusals, answers
// that come before the request was read, many requests on few connections.
import assert from 'node:assert/strict';
import {execFileSync} from 'node:child_process';
import {readFileSync} from 'node:fs';
import http2 from 'node:http2';
import {after, before, beforeEach, test} from 'node:test';
import {connect, exchange, pause, requestBytes, startGateway, temporaryFile,
        until} from './harness.mjs';

const CHAT = '/v1/chat/completions';
const json = [['Content-Type', 'application/json']];
const whole = '{"object":"chat.completion","choices":[],"usage":{"prompt_tokens":7,' +
    '"completion_tokens":5},"service_tier":"default"}';
const event = (text) => 'data: {"object":"chat.completion.chunk","choices":[{"index":0,' +
    `"delta":{"content":"${text}"}}]}\n\n`;
const error = (code) => JSON.stringify({error: {message: 'no', type: 'resource_unavailable', code,
                                                param: null}});

let provider, gateway, answer, sessions, asked, resets;

// A certificate of our own; the gateway trusts it by `upstream.ca_file`.
function makeCertificate() {
    const [key, cert] = [temporaryFile('h2-key.pem'), temporaryFile('h2-cert.pem')];
    execFileSync('openssl', ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-keyout', key, '-out',
                             cert, '-days', '2', '-subj', '/CN=localhost', '-addext',
                             'subjectAltName=IP:127.0.0.1'], {stdio: 'ignore'});
    return {key: readFileSync(key), cert: readFileSync(cert), file: cert};
}

function onStream(stream, headers) {
    const request = {stream, headers, body: '', text: () => request.body};
    asked.push(request);
    stream.on('error', () => {});
    stream.on('close', () => resets.push({path: headers[':path'], code: stream.rstCode}));
    if (headers[':path'].startsWith('/v1/early')) return answer(request);
    stream.on('data', (data) => (request.body += data));
    stream.on('end', () => answer(request));
}

async function startProvider(certificate, options) {
    const server = http2.createSecureServer({...certificate, ...options});
    const open = new Set();
    server.on('session', (session) => {
        sessions++;
        open.add(session);
        session.on('error', () => {});
        session.on('close', () => open.delete(session));
    });
    server.on('stream', onStream);
    await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
    const close = () => {
        for (const session of open) session.destroy();
        server.close();
    };
    return {url: `https://127.0.0.1:${server.address().port}/v1`, close, open};
}

const settings = (certificate) =>
    ['--config', temporaryFile('h2.yaml', `upstream: {ca_file: ${certificate.file}}\n`), '--http2',
     '--threads', '1', '--drain', '10'];

before(async () => {
    const certificate = makeCertificate();
    sessions = 0;
    provider = await startProvider(certificate);
    gateway = await startGateway(provider.url, ...settings(certificate));
});

after(() => provider.close());

const good = ({stream}) => {
    stream.respond({':status': 200, 'content-type': 'application/json', 'x-request-id': 'of-h2'});
    stream.end(whole);
};
const hang = ({stream}) => {
    stream.respond({':status': 200, 'content-type': 'text/event-stream'});
    stream.write(event('first'));
};

beforeEach(() => {
    asked = [];
    resets = [];
    answer = good;
    gateway.clearLedger();
});

const post = (target, body, headers = json) => requestBytes('POST', target, headers,
                                                            Buffer.from(body));
const chat = (more = '') => `{"model":"gpt-5-mini","messages":[]${more}}`;
const send = (target, body, headers) => exchange(gateway.port, post(target, body, headers));

async function begin(bytes, mark) {
    const caller = await connect(gateway.port);
    caller.socket.write(bytes);
    if (mark) await until(() => caller.received.includes(mark), mark);
    return caller;
}

test('a request, byte for byte', async () => {
    const body = chat(',"seed":12345678901234567890123, "service_tier" : "auto"');
    const reply = await send(`${CHAT}?a=%2F`, body, [...json, ['X-Odd', 'Value'],
                                                    ['Connection', 'x-hop'], ['X-Hop', '1']]);
    assert.equal(reply.status, 200);
    assert.equal(reply.body.toString(), whole);
    assert.equal(reply.head.get('x-request-id'), 'of-h2');
    assert.equal(reply.head.get('x-tierway-tier'), 'default');
    const [{headers}] = asked;
    assert.equal(asked[0].body, body);
    assert.equal(headers[':path'], `${CHAT}?a=%2F`);
    assert.equal(headers['x-odd'], 'Value');
    for (const hop of ['connection', 'x-hop', 'host', 'transfer-encoding'])
        assert.equal(headers[hop], undefined, hop);
});

test('a refusal, and the next tier', async () => {
    answer = (request) => {
        if (!request.body.includes('"flex"')) return good(request);
        request.stream.respond({':status': 429, 'content-type': 'application/json',
                                'retry-after': '300'});
        request.stream.end(error('flex_unavailable'));
    };
    const reply = await send(CHAT, chat(), [...json, ['x-tierway-priority', 'low']]);
    assert.equal(reply.status, 200);
    assert.equal(reply.head.get('x-tierway-tier'), 'default');
    assert.deepEqual(gateway.ledger('attempted_tier tier, outcome').map((row) => row.tier),
                     ['flex', 'default']);
});

test('a refusal in a stream; its stream is reset', async () => {
    answer = (request) => {
        request.stream.respond({':status': 200, 'content-type': 'text/event-stream'});
        if (request.body.includes('"flex"')) {
            request.stream.write(`data: ${error('flex_unavailable')}\n\n`);
        } else {
            request.stream.write(event('hello'));
            request.stream.end('data: [DONE]\n\n');
        }
    };
    const reply = await send(CHAT, chat(',"stream":true'), [...json, ['x-tierway-priority', 'low']]);
    assert.equal(reply.status, 200);
    assert.match(reply.body.toString(), /hello[^]*data: \[DONE\]/);
    await until(() => resets.length === 2, 'both streams to be over');
});

test('a caller that leaves, alone on its connection', async () => {
    answer = hang;
    const caller = await begin(post(CHAT, chat(',"stream":true')), 'first');
    caller.socket.destroy();
    await until(() => resets.length === 1, 'the stream to be over', 2000);
    await until(() => gateway.ledger('outcome').length === 1, 'its row');
    assert.equal(gateway.ledger('outcome')[0].outcome, 5); // cancelled
});

// libcurl 7.88 leaves the reset in its buffer until the connection is used again.
for (const [what, mark, answered] of [['that has begun', 'first', hang],
                                      ['without an answer', '', () => {}]])
    test(`a caller leaves a stream ${what}, beside another one`, async () => {
        await send('/v1/models', '');
        answer = answered;
        resets = [];
        asked = [];
        const before = sessions;
        const stays = await begin(post(CHAT, chat(',"stream":true')), mark);
        const leaves = await begin(post(CHAT, chat(',"stream":true,"user":"leaves"')), mark);
        await until(() => asked.length === 2, 'both to be asked');
        assert.equal(sessions, before, 'they share a connection');
        leaves.socket.destroy();
        await until(() => resets.length === 1, 'one stream to be over', 2000);
        assert.ok(asked.find(({body}) => body.includes('leaves')).stream.destroyed);
        const other = asked.find(({body}) => !body.includes('leaves')).stream;
        if (!mark) other.respond({':status': 200, 'content-type': 'text/event-stream'});
        other.write(event('second'));
        await until(() => stays.received.includes('second'), 'the other one to go on');
        other.end('data: [DONE]\n\n');
        await until(() => stays.received.includes('[DONE]'), 'its end');
        stays.socket.destroy();
    });

test('a caller that leaves beside one that does not read', async () => {
    const chunk = Buffer.alloc(1 << 16, 'x');
    answer = ({stream, headers}) => {
        stream.respond({':status': 200});
        if (headers[':path'] !== '/v1/flood') return void stream.write('begun');
        const fill = () => {
            while (!stream.destroyed && stream.write(chunk));
            if (!stream.destroyed) stream.once('drain', fill);
        };
        fill();
    };
    const slow = await begin(post('/v1/flood', ''), '200 OK');
    slow.socket.pause();
    await pause(300);
    const leaves = await begin(post('/v1/idle', ''), 'begun');
    leaves.socket.destroy();
    const had = slow.received.length;
    slow.socket.resume(); // Node's server reads no reset while its own writes wait
    await until(() => resets.some(({path}) => path === '/v1/idle'), 'its stream to be over', 2000);
    await until(() => slow.received.length > had + (8 << 20), 'the slow one to go on');
    slow.socket.destroy();
});

test('an answer before the request was read is an answer', async () => {
    answer = ({stream}) => {
        stream.respond({':status': 413, 'content-type': 'text/plain', 'content-length': '10'});
        stream.end('too large\n');
        stream.close(http2.constants.NGHTTP2_NO_ERROR);
    };
    const large = Buffer.alloc(8 << 20, 'x');
    for (let i = 0; i < 5; i++) {
        const reply = await exchange(gateway.port, requestBytes('POST', '/v1/early', [], large));
        assert.equal(reply.status, 413);
        assert.equal(reply.body.toString(), 'too large\n');
    }
});

test('a whole answer whose stream is reset behind it, and half of one', async () => {
    let length = 9;
    answer = ({stream}) => {
        stream.respond({':status': 200, 'content-type': 'text/plain', 'content-length': `${length}`});
        stream.write('nine here', () => setTimeout(
            () => stream.close(http2.constants.NGHTTP2_INTERNAL_ERROR), 50));
    };
    const reply = await send('/v1/models', '');
    assert.deepEqual([reply.status, reply.body.toString()], [200, 'nine here']);
    length = 20;
    assert.ok((await send('/v1/models', '')).cut, 'the answer is cut');
});

test('1,000 requests on few connections', async () => {
    await send('/v1/models', '');
    const before = sessions;
    const statuses = new Map();
    const one = async (count) => {
        for (let i = 0; i < count; i++) {
            const {status} = await send(CHAT, chat());
            statuses.set(status, (statuses.get(status) ?? 0) + 1);
        }
    };
    await Promise.all(Array.from({length: 16}, () => one(63)));
    assert.deepEqual([...statuses], [[200, 16 * 63]]);
    assert.ok(sessions - before <= 4, `${sessions - before} connections`);
});

test('a provider that closes its connections while they are idle', async () => {
    for (let i = 0; i < 6; i++) {
        assert.equal((await send(CHAT, chat())).status, 200);
        for (const session of provider.open) i % 2 ? session.close() : session.destroy();
        await pause(20); // until the gateway's machine knows
    }
});

test('a certificate that nobody trusts', async () => {
    const other = makeCertificate();
    const stranger = await startProvider(other);
    const doubtful = await startGateway(stranger.url, '--http2', '--threads', '1');
    const reply = await exchange(doubtful.port, post(CHAT, chat()));
    assert.equal(reply.status, 502);
    assert.match(reply.body.toString(), /certificate/);
    assert.equal(asked.length, 0);
    await doubtful.stop();
    stranger.close();
});
