// Many at once, slow ones, large ones, and the end under load. What is measured is printed.
import assert from 'node:assert/strict';
import {once} from 'node:events';
import {readdirSync, renameSync, writeFileSync} from 'node:fs';
import net from 'node:net';
import {before, test} from 'node:test';
import {connect, parseMessage, pause, requestBytes, startGateway, startProvider, startServer,
        temporaryFile, until} from './harness.mjs';

const CHAT = '/v1/chat/completions';
const MEGABYTE = 1e6;
const low = [['Content-Type', 'application/json'], ['x-tierway-priority', 'low']];
const streamHead = 'HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n' +
    'Transfer-Encoding: chunked\r\n\r\n';
const event = (text) => {
    const data = 'data: {"object":"chat.completion.chunk","choices":[{"index":0,"delta":' +
        `{"content":"${text}"}}]}\n\n`;
    return `${Buffer.byteLength(data).toString(16)}\r\n${data}\r\n`;
};
const post = (members = '', headers = low) => requestBytes('POST', CHAT, headers,
    Buffer.from(`{"model":"gpt-5-mini","messages":[{"role":"user","content":"Hi"}]${members}}`));
const openFiles = (program) => readdirSync(`/proc/${program.pid}/fd`).length;
let provider;

before(async () => {
    provider = await startProvider('--latency', 'flex=20', '--latency', 'default=20');
});

test('a slow reader of a fast stream of 200 MB: memory stays flat, nothing is lost', async () => {
    const size = 200 * MEGABYTE;
    const piece = Buffer.from(event('x'.repeat(8000)));
    let written = 0;
    const upstream = await startServer(async (request, socket) => {
        socket.write(streamHead);
        for (; written < size && !socket.destroyed; written += piece.length)
            if (!socket.write(piece)) await once(socket, 'drain');
        socket.write('0\r\n\r\n');
    });
    const gateway = await startGateway(`${upstream.url}/v1`, '--threads', '1');
    const before = gateway.memory;
    const caller = net.connect(gateway.port, '127.0.0.1');
    let received = 0, most;
    caller.on('data', (data) => (received += data.length));
    caller.write(post(',"stream":true'));
    await until(() => received > 0, 'the first event');
    // It does not read at all until everybody upstream waits, then in bursts.
    caller.pause();
    for (let last = -1; last !== written; await pause(200)) last = written;
    most = gateway.memory;
    assert.ok(written < 40 * MEGABYTE, `${written} bytes are on their way`);
    for (let i = 0; i < 20; i++) {
        caller.resume();
        await pause(5);
        caller.pause();
        await pause(5);
        most = Math.max(most, gateway.memory);
    }
    caller.resume();
    const watch = setInterval(() => (most = Math.max(most, gateway.memory)), 20);
    await until(() => received >= size, 'all of it', 120000);
    clearInterval(watch);
    console.log(`# memory: ${((most - before) / MEGABYTE).toFixed(1)} MB more at most`);
    assert.ok(most - before < 12 * MEGABYTE, `${most - before} bytes more`);
    caller.destroy();
    upstream.close();
    await gateway.stop();
});

test('a large stream arrives byte for byte', async () => {
    const texts = [];
    const gateway = await startGateway(`${provider.url}/v1`);
    for (const {port} of [provider, gateway]) {
        await provider.set('reset');
        const members = ',"stream":true,"stream_options":{"include_usage":true}' +
            (port === provider.port ? ',"service_tier":"flex"' : '');
        const answer = await fetch(`http://127.0.0.1:${port}${CHAT}`, {method: 'POST',
            headers: {...Object.fromEntries(low), 'x-fake-tokens': '40000'},
            body: `{"model":"gpt-5-mini","messages":[]${members}}`});
        texts.push((await answer.text()).replace(/: tierway \{.*\}\n\n$/, ''));
    }
    assert.ok(texts[0].length > 5 * MEGABYTE);
    assert.ok(texts[1] === texts[0]);
    await gateway.stop();
});

test('a thousand idle streams: memory, and all of them end upstream', async () => {
    const count = 1000;
    const upstream = await startServer((request, socket) => socket.write(streamHead + event('one')));
    const gateway = await startGateway(`${upstream.url}/v1`, '--threads', '1');
    const files = openFiles(gateway), before = gateway.memory;
    const callers = [];
    for (let i = 0; i < count; i++) {
        const caller = await connect(gateway.port);
        caller.socket.write(post(',"stream":true'));
        callers.push(caller);
    }
    await until(() => callers.every((caller) => caller.received.includes('one')), 'the events');
    const [more, whole] = [gateway.memory - before, gateway.memory];
    console.log(`# ${count} idle streams: ${(more / MEGABYTE).toFixed(1)} MB more, ` +
                `${(whole / MEGABYTE).toFixed(1)} MB in all`);
    assert.ok(more < 40 * MEGABYTE);
    const start = performance.now();
    for (const caller of callers) caller.socket.destroy();
    await until(() => upstream.sockets.size === 0, 'the end of them all');
    console.log(`# all cancelled upstream after ${(performance.now() - start).toFixed(0)} ms`);
    await until(() => gateway.ledger('count(*) n', 'where outcome = 5')[0].n === count, 'the rows');
    assert.ok(openFiles(gateway) <= files + 5, 'files stay open');
    upstream.close();
    await gateway.stop();
});

test('500 requests at once', async () => {
    await provider.set('reset');
    await provider.set('capacity', 'refuse 30%');
    const gateway = await startGateway(`${provider.url}/v1`, '--connections', '100',
                                       '--threads', '2');
    const files = openFiles(gateway);
    const callers = await Promise.all(Array.from({length: 500}, () => connect(gateway.port)));
    callers.forEach((caller, i) => caller.socket.write(post(i % 2 ? ',"stream":true' : '')));
    const answers = await until(() => {
        const all = callers.map((caller) => parseMessage(caller.received));
        return all.every(Boolean) && all;
    }, 'all answers', 60000);
    for (const answer of answers) assert.match(answer.head.first, / 200 /);
    const ids = answers.map((answer) => /chatcmpl-[0-9a-f]+/.exec(answer.body)[0]);
    assert.equal(new Set(ids).size, 500);
    const rows = gateway.ledger('count(*) n, count(distinct request_id) r, ' +
                                'sum(input_tokens) i, sum(output_tokens) o', 'where outcome = 0');
    const {billed, refused} = await provider.stats();
    const sum = (name) => billed.reduce((total, row) => total + row[name], 0);
    assert.deepEqual(rows, [{n: 500, r: 500, i: sum('input_tokens'), o: sum('output_tokens')}]);
    assert.equal(gateway.ledger('count(*) n', 'where outcome = 1')[0].n, refused);
    assert.ok(refused > 50);
    for (const caller of callers) caller.socket.destroy();
    await until(() => openFiles(gateway) <= files + 200, 'only kept connections stay open');
    await gateway.stop();
});

test('SIGTERM: what was begun is answered whole, and nothing new is taken', async () => {
    await provider.set('reset');
    await provider.set('faults', 'slow=1500\nslow-stream=10');
    const gateway = await startGateway(`${provider.url}/v1`);
    const callers = await Promise.all(Array.from({length: 60}, () => connect(gateway.port)));
    const idle = await connect(gateway.port);
    callers.forEach((caller, i) => caller.socket.write(post(i % 2 ? ',"stream":true' : '',
                                                            i % 3 ? low : [])));
    await until(async () => (await provider.stats()).requests === 60, 'all requests');
    const ended = gateway.stop('SIGTERM');
    await until(async () => {
        try {
            (await connect(gateway.port)).socket.destroy();
            return false;
        } catch (error) {
            return error.code === 'ECONNREFUSED';
        }
    }, 'no new callers');
    for (const caller of callers) {
        const answer = await until(() => parseMessage(caller.received), 'an answer');
        assert.match(answer.head.first, / 200 /);
        assert.equal(answer.head.get('connection'), 'close');
        await until(() => caller.ended, 'its connection\'s end');
    }
    await until(() => idle.ended, 'the idle one\'s end');
    assert.equal(await ended, 0);
    assert.equal(gateway.ledger('count(*) n', 'where outcome = 0')[0].n, 60);
});

test('SIGTERM: what takes longer than --drain is cut, recorded, and the gateway ends', async () => {
    const upstream = await startServer((request, socket) => socket.write(streamHead + event('one')));
    const gateway = await startGateway(`${upstream.url}/v1`, '--drain', '1');
    const caller = await connect(gateway.port);
    caller.socket.write(post(',"stream":true'));
    await until(() => caller.received.includes('one'), 'the first event');
    const start = Date.now();
    assert.equal(await gateway.stop('SIGTERM'), 0);
    assert.ok(Date.now() - start >= 900 && Date.now() - start < 10000);
    await until(() => caller.ended, 'the end');
    assert.equal(gateway.ledger('outcome').length, 1);
    upstream.close();
});

const policyOf = (rule, tier) => `${rule}: when stream == false -> ${tier}\notherwise -> default\n`;

// Asks on one connection, again and again, until `done` says so; gives each answer to `seen`.
async function askOnAndOn(port, done, seen) {
    const caller = await connect(port);
    const request = post();
    while (!done()) {
        const before = caller.received.length;
        caller.socket.write(request);
        const answer = await until(() => parseMessage(caller.received.subarray(before)) ??
                                         (caller.ended && {head: {first: 'ended'}}), 'an answer');
        seen(answer);
    }
    caller.socket.destroy();
}

test('another policy under load: nothing is dropped, nothing decided by half of one', async () => {
    await provider.set('reset');
    const path = temporaryFile('changing.tier', policyOf('even', 'flex'));
    const gateway = await startGateway(`${provider.url}/v1`, '--policy', path, '--threads', '2');
    const counts = {'even flex': 0, 'odd priority': 0};
    let changes = 0, done = false;
    const callers = Array.from({length: 16}, () => askOnAndOn(gateway.port, () => done, (answer) => {
        assert.equal(answer.head.first, 'HTTP/1.1 200 OK');
        counts[`${answer.head.get('x-tierway-rule')} ${answer.head.get('x-tierway-tier')}`]++;
    }));
    for (let last = 0; changes < 20; changes++) {
        const [rule, tier] = changes % 2 ? ['even', 'flex'] : ['odd', 'priority'];
        writeFileSync(`${path}.new`, policyOf(rule, tier));
        renameSync(`${path}.new`, path);
        await until(() => counts[`${rule} ${tier}`] > last, 'the change is seen');
        last = counts[changes % 2 ? 'odd priority' : 'even flex'];
    }
    // One that is no policy changes nothing.
    writeFileSync(path, 'odd: when -> nowhere\n');
    await pause(300);
    done = true;
    await Promise.all(callers);
    assert.deepEqual(Object.keys(counts).sort(), ['even flex', 'odd priority']);
    const total = counts['even flex'] + counts['odd priority'];
    const rows = gateway.ledger('rule, served_tier, count(*) n', 'group by rule, served_tier');
    assert.deepEqual(rows.map((row) => [`${row.rule} ${row.served_tier}`, row.n]).sort(),
                     Object.entries(counts).sort());
    console.log(`# ${total} requests, ${changes} changes of the policy`);
    await gateway.stop();
});

test('killed in the middle: what was answered is in the ledger', async () => {
    await provider.set('reset');
    const gateway = await startGateway(`${provider.url}/v1`);
    const callers = await Promise.all(Array.from({length: 50}, () => connect(gateway.port)));
    for (const caller of callers) caller.socket.write(post());
    await until(() => callers.filter((caller) => parseMessage(caller.received)).length >= 10,
                'some answers');
    await gateway.stop('SIGKILL');
    await until(() => callers.every((caller) => caller.ended), 'the end');
    const answered = callers.map((caller) => parseMessage(caller.received)).filter(Boolean)
        .map((answer) => answer.head.get('x-tierway-request-id'));
    const kept = new Set(gateway.ledger('request_id').map((row) => row.request_id));
    assert.deepEqual(answered.filter((id) => !kept.has(id)), []);
    assert.ok(answered.length >= 10);
});
