// OpenAI's own client, unchanged but for its base URL: files and batches that the gateway keeps and
// works through itself.
import assert from 'node:assert/strict';
import {Readable} from 'node:stream';
import {before, beforeEach, test} from 'node:test';
import {clientModule, startGateway, startProvider, startServer, temporaryFile,
        until} from './harness.mjs';

const OpenAI = clientModule('openai').default;
const {toFile} = clientModule('openai');
const policy = temporaryFile('batches.tier', `urgent: when priority == high -> default
otherwise -> flex
`);
let provider, gateway, client;

before(async () => {
    provider = await startProvider('--latency', 'flex=2', '--latency', 'default=2');
    gateway = await startGateway(`${provider.url}/v1`, '--policy', policy, '--jobs-concurrency', '8');
    client = new OpenAI({apiKey: 'sk-test', baseURL: `${gateway.url}/v1`, maxRetries: 0});
});

beforeEach(async () => {
    await provider.set('reset');
    gateway.clearLedger();
});

const chat = (id, content = 'hi') => ({custom_id: id, method: 'POST', url: '/v1/chat/completions',
    body: {model: 'gpt-5-mini', messages: [{role: 'user', content}]}});
const lines = (requests) => requests.map((request) => `${JSON.stringify(request)}\n`).join('');

async function upload(text, name = 'requests.jsonl') {
    return client.files.create({file: await toFile(Buffer.from(text), name), purpose: 'batch'});
}

async function create(requests, more = {}, options = undefined) {
    const file = await upload(typeof requests === 'string' ? requests : lines(requests));
    return client.batches.create({input_file_id: file.id, endpoint: '/v1/chat/completions',
                                  completion_window: '24h', ...more}, options);
}

async function ended(id) {
    const open = ['validating', 'in_progress', 'finalizing', 'cancelling'];
    return until(async () => {
        const batch = await client.batches.retrieve(id);
        return open.includes(batch.status) ? undefined : batch;
    }, 'the end of the batch');
}

const results = async (id) => (await (await client.files.content(id)).text()).split('\n')
    .filter(Boolean).map((line) => JSON.parse(line));
const status = (code) => (error) => error.status === code;

test('a batch from its file to its results, at flex prices', async () => {
    const file = await upload(lines([chat('a'), chat('b'), chat('ü "c"')]));
    assert.equal(file.object, 'file');
    assert.match(file.id, /^file-tw[0-9a-f]{32}$/);
    assert.equal(file.purpose, 'batch');
    assert.equal(file.filename, 'requests.jsonl');
    assert.equal(file.bytes, Buffer.byteLength(lines([chat('a'), chat('b'), chat('ü "c"')])));

    const batch = await client.batches.create({input_file_id: file.id, completion_window: '24h',
        endpoint: '/v1/chat/completions', metadata: {night: 'yes'}});
    assert.equal(batch.object, 'batch');
    assert.match(batch.id, /^batch_tw[0-9a-f]{32}$/);
    assert.equal(batch.status, 'validating');
    assert.equal(batch.expires_at - batch.created_at, 86400);
    assert.deepEqual(batch.metadata, {night: 'yes'});
    assert.deepEqual(batch.request_counts, {total: 0, completed: 0, failed: 0});
    assert.equal(batch.errors, null);

    const end = await ended(batch.id);
    assert.equal(end.status, 'completed');
    assert.equal(end.input_file_id, file.id);
    assert.equal(end.endpoint, '/v1/chat/completions');
    assert.equal(end.completion_window, '24h');
    assert.deepEqual(end.request_counts, {total: 3, completed: 3, failed: 0});
    assert.equal(end.error_file_id, null);
    assert.ok(end.in_progress_at >= end.created_at && end.completed_at >= end.in_progress_at);
    assert.ok(end.finalizing_at <= end.completed_at);

    const rows = await results(end.output_file_id);
    assert.deepEqual(rows.map((row) => row.custom_id).sort(), ['a', 'b', 'ü "c"']);
    let output = 0;
    for (const row of rows) {
        assert.match(row.id, /^batch_req_/);
        assert.equal(row.error, null);
        assert.equal(row.response.status_code, 200);
        assert.ok(row.response.request_id);
        assert.equal(row.response.body.object, 'chat.completion');
        assert.equal(row.response.body.service_tier, 'flex');
        output += row.response.body.usage.completion_tokens;
    }
    assert.equal(end.usage.output_tokens, output);
    assert.equal(end.usage.total_tokens, end.usage.input_tokens + output);

    const ledger = gateway.ledger('served_tier, cost, default_cost, outcome');
    assert.equal(ledger.length, 3);
    for (const row of ledger) {
        assert.equal(row.served_tier, 'flex');
        assert.ok(row.cost > 0);
        assert.equal(row.cost * 2, row.default_cost);
    }
    const billed = (await provider.stats()).billed;
    assert.equal(billed.reduce((sum, row) => sum + row.requests, 0), 3);
});

test('files are listed, shown, read and deleted', async () => {
    const text = lines([chat('x')]);
    const file = await client.files.create({file: await toFile(Readable.from([Buffer.from(text)]),
        'stream "of" lines ä.jsonl'), purpose: 'batch'});
    const shown = await client.files.retrieve(file.id);
    assert.deepEqual(shown, file);
    assert.equal(shown.filename, 'stream "of" lines ä.jsonl');
    assert.equal(await (await client.files.content(file.id)).text(), text);
    const listed = [];
    for await (const one of client.files.list({purpose: 'batch', limit: 2})) listed.push(one.id);
    assert.equal(listed[0], file.id);
    assert.equal(new Set(listed).size, listed.length);
    const upwards = [];
    for await (const one of client.files.list({purpose: 'batch', limit: 2, order: 'asc'}))
        upwards.push(one.id);
    assert.deepEqual(upwards, listed.reverse());
    assert.deepEqual(await client.files.delete(file.id),
                     {id: file.id, object: 'file', deleted: true});
    await assert.rejects(client.files.retrieve(file.id), status(404));
    await assert.rejects(client.files.content(file.id), status(404));
    await assert.rejects(client.files.delete(file.id), status(404));
});

test('the results of a batch are a file, too', async () => {
    const batch = await ended((await create([chat('a'), chat('b')])).id);
    const text = await (await client.files.content(batch.output_file_id)).text();
    const file = await client.files.retrieve(batch.output_file_id);
    assert.equal(file.purpose, 'batch_output');
    assert.equal(file.bytes, Buffer.byteLength(text));
    assert.equal(file.filename, `${batch.id}_output.jsonl`);
    const listed = await client.files.list({purpose: 'batch_output'});
    assert.deepEqual(listed.data[0], file);
    await client.files.delete(file.id);
    await assert.rejects(client.files.content(file.id), status(404));
    assert.equal((await client.batches.retrieve(batch.id)).output_file_id, file.id);
});

test('batches are listed page by page, the newest first', async () => {
    const made = [];
    for (let i = 0; i < 5; i++) made.unshift((await create([chat('a')])).id);
    const page = await client.batches.list({limit: 2});
    assert.deepEqual(page.data.map((batch) => batch.id), made.slice(0, 2));
    assert.equal(page.has_more, true);
    const listed = [];
    for await (const batch of client.batches.list({limit: 2})) listed.push(batch.id);
    assert.deepEqual(listed.slice(0, 5), made);
    assert.equal(new Set(listed).size, listed.length);
    await Promise.all(made.map(ended));
});

test('a file with bad lines fails the batch, with all that is wrong', async () => {
    const bad = [JSON.stringify(chat('a')), '{"custom_id": "b",', JSON.stringify(chat('a')), '',
        JSON.stringify({...chat('c'), url: '/v1/responses'}), JSON.stringify({...chat('d'), method: 'GET'}),
        JSON.stringify({...chat('e'), custom_id: undefined}),
        JSON.stringify({...chat('f'), body: {model: 'gpt-5-mini', stream: true}})].join('\n');
    const batch = await ended((await create(bad)).id);
    assert.equal(batch.status, 'failed');
    assert.ok(batch.failed_at >= batch.created_at);
    assert.equal(batch.errors.object, 'list');
    assert.deepEqual(batch.errors.data.map((error) => [error.code, error.line, error.param]), [
        ['invalid_json_line', 2, null], ['duplicate_custom_id', 3, 'custom_id'],
        ['url_mismatch', 5, 'url'], ['invalid_request', 6, 'url'],
        ['missing_required_parameter', 7, 'custom_id'], ['invalid_request', 8, 'body']]);
    for (const error of batch.errors.data) assert.ok(error.message.length > 10);
    assert.deepEqual(batch.request_counts, {total: 0, completed: 0, failed: 0});
    assert.equal(batch.output_file_id, null);
    assert.equal((await provider.requests()).length, 0);

    const empty = await ended((await create('\n \n')).id);
    assert.equal(empty.status, 'failed');
    assert.deepEqual(empty.errors.data.map((error) => [error.code, error.line]),
                     [['empty_file', null]]);
});

test('results come while the batch is in progress, and stay when it is cancelled', async () => {
    // What is refused waits, so that the batch does not end.
    await provider.set('capacity', `pattern OOOO${'R'.repeat(200)}`);
    const batch = await create(Array.from({length: 8}, (_, i) => chat(`r${i}`)));
    const going = await until(async () => {
        const now = await client.batches.retrieve(batch.id);
        return now.request_counts.completed === 4 ? now : undefined;
    }, 'four answers');
    assert.equal(going.status, 'in_progress');
    assert.equal((await results(going.output_file_id)).length, 4);
    const file = await client.files.retrieve(going.output_file_id);
    assert.equal(file.bytes,
                 Buffer.byteLength(await (await client.files.content(file.id)).text()));
    await assert.rejects(client.files.delete(going.output_file_id), status(409));

    const cancelling = await client.batches.cancel(batch.id);
    assert.ok(['cancelling', 'cancelled'].includes(cancelling.status));
    const end = await ended(batch.id);
    assert.equal(end.status, 'cancelled');
    assert.ok(end.cancelled_at >= end.cancelling_at);
    assert.deepEqual(end.request_counts, {total: 8, completed: 4, failed: 0});
    assert.equal((await results(end.output_file_id)).length, 4);
    const missed = await results(end.error_file_id);
    assert.deepEqual(missed.map((row) => [row.response, row.error.code]),
                     Array(4).fill([null, 'batch_cancelled']));
    await assert.rejects(client.batches.cancel(batch.id), status(409));
});

test('flex refuses, then has room: all are answered at flex', async () => {
    await provider.set('capacity', 'refuse first 6');
    const batch = await ended((await create([chat('a'), chat('b'), chat('c')])).id);
    assert.equal(batch.status, 'completed');
    assert.deepEqual(batch.request_counts, {total: 3, completed: 3, failed: 0});
    const rows = gateway.ledger('served_tier, outcome');
    assert.ok(rows.length > 3);
    assert.equal(rows.filter((row) => row.served_tier === 'flex').length, 3);
});

test('requests that the provider refuses are in the file of errors, in its words', async () => {
    await provider.set('faults', '400');
    const batch = await ended((await create([chat('a'), chat('b')])).id);
    assert.equal(batch.status, 'completed');
    assert.deepEqual(batch.request_counts, {total: 2, completed: 0, failed: 2});
    assert.equal(batch.output_file_id, null);
    const rows = await results(batch.error_file_id);
    for (const row of rows) {
        assert.equal(row.response.status_code, 400);
        assert.ok(row.response.body.error.message);
        assert.equal(row.error, null);
    }
    assert.equal((await client.files.retrieve(batch.error_file_id)).filename,
                 `${batch.id}_error.jsonl`);
    await provider.set('faults', '');
});

test('a batch whose time is up has expired', async () => {
    await provider.set('capacity', 'refuse all');
    const batch = await create([chat('a')], {completion_window: '1s'});
    const end = await ended(batch.id);
    // Near its end a job steps up, unless that is too late.
    if (end.status === 'expired') {
        assert.ok(end.expired_at >= end.expires_at);
        assert.deepEqual((await results(end.error_file_id)).map((row) => row.error.code),
                         ['batch_expired']);
    } else {
        assert.equal(end.status, 'completed');
        assert.equal((await results(end.output_file_id))[0].response.body.service_tier, 'default');
    }
});

test('attributes of the caller, by header and by metadata, decide', async () => {
    for (const [more, options] of [[{}, {headers: {'x-tierway-priority': 'high'}}],
        [{metadata: {'x-tierway-priority': 'high', nothing: 'x'}}, undefined]]) {
        const batch = await ended((await create([chat('a')], more, options)).id);
        assert.equal((await results(batch.output_file_id))[0].response.body.service_tier, 'default');
    }
    await assert.rejects(create([chat('a')], {}, {headers: {'x-tierway-priority': 'highest'}}),
                         status(400));
});

test('responses, too', async () => {
    const file = await upload(lines([{custom_id: 'r', method: 'POST', url: '/v1/responses',
        body: {model: 'gpt-5-mini', input: 'hi'}}]));
    const batch = await ended((await client.batches.create({input_file_id: file.id,
        endpoint: '/v1/responses', completion_window: '24h'})).id);
    const [row] = await results(batch.output_file_id);
    assert.equal(row.response.body.object, 'response');
    assert.equal(batch.usage.output_tokens, row.response.body.usage.output_tokens);
});

test('bad requests are told as the provider would', async () => {
    const file = await upload(lines([chat('a')]));
    const good = {input_file_id: file.id, endpoint: '/v1/chat/completions', completion_window: '24h'};
    for (const [change, param] of [[{endpoint: '/v1/embeddings'}, 'endpoint'],
        [{completion_window: 'soon'}, 'completion_window'], [{completion_window: '0s'}, 'completion_window'],
        [{metadata: {a: 1}}, 'metadata'], [{metadata: {['x'.repeat(65)]: ''}}, 'metadata'],
        [{input_file_id: undefined}, 'input_file_id'], [{endpoint: undefined}, 'endpoint']])
        await assert.rejects(client.batches.create({...good, ...change}), (error) => {
            assert.equal(error.status, 400);
            assert.equal(error.param, param);
            assert.equal(error.type, 'invalid_request_error');
            return true;
        });
    const gone = 'file-tw00000000000000000000000000000000';
    await assert.rejects(client.batches.create({...good, input_file_id: gone}), status(404));
    await assert.rejects(client.batches.retrieve('batch_tw0'), status(404));
    await assert.rejects(client.batches.cancel('batch_tw0'), status(404));
    await assert.rejects(client.batches.list({after: 'batch_tw0'}).then((page) => page), status(404));
    await assert.rejects(client.batches.list({limit: 0}).then((page) => page), status(400));
    await assert.rejects(client.files.list({after: gone}).then((page) => page), status(404));
});

test('what is not ours goes to the provider as it came', async () => {
    const asked = [];
    const upstream = await startServer((request, socket) => {
        asked.push(request);
        socket.write('HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n' +
                     'Content-Length: 22\r\n\r\n{"theirs":1,"data":[]}');
    });
    const beside = await startGateway(`${upstream.url}/v1`, '--policy', policy, '--jobs', 'auto');
    const caller = new OpenAI({apiKey: 'sk-test', baseURL: `${beside.url}/v1`, maxRetries: 0});
    const sent = async (call) => {
        asked.length = 0;
        await call();
        assert.equal(asked.length, 1);
        return asked[0];
    };
    const order = {input_file_id: 'file-abc', endpoint: '/v1/embeddings', completion_window: '24h'};
    for (const [call, first] of [
        [() => caller.files.retrieve('file-abc'), 'GET /v1/files/file-abc'],
        [() => caller.files.content('file-abc'), 'GET /v1/files/file-abc/content'],
        [() => caller.files.delete('file-abc'), 'DELETE /v1/files/file-abc'],
        [() => caller.batches.retrieve('batch_abc'), 'GET /v1/batches/batch_abc'],
        [() => caller.batches.cancel('batch_abc'), 'POST /v1/batches/batch_abc/cancel'],
        [() => caller.files.list({purpose: 'fine-tune'}), 'GET /v1/files?purpose=fine-tune'],
        [() => caller.batches.create(order), 'POST /v1/batches']])
        assert.equal((await sent(call)).head.first, `${first} HTTP/1.1`);
    assert.equal((await sent(() => caller.batches.create(order))).body.toString(),
                 JSON.stringify(order));
    const content = Buffer.from('a,b\r\n--x\r\n\0\xff'.repeat(50000), 'latin1');
    const {head, body} = await sent(async () =>
        caller.files.create({file: await toFile(content, 'x.csv'), purpose: 'assistants'}));
    assert.equal(head.first, 'POST /v1/files HTTP/1.1');
    assert.match(head.get('content-type'), /^multipart\/form-data; boundary=/);
    assert.ok(body.includes(content));
    assert.match(body.toString('latin1'), /name="purpose"\r\n\r\nassistants\r\n/);
    assert.equal(head.get('authorization'), 'Bearer sk-test');
});

test('without jobs, files and batches are the provider\'s altogether', async () => {
    const asked = [];
    const upstream = await startServer((request, socket) => {
        asked.push(request.head.first);
        socket.write('HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n' +
                     'Content-Length: 11\r\n\r\n{"data":[]}');
    });
    const beside = await startGateway(`${upstream.url}/v1`, '--policy', policy, '--jobs', 'off');
    const caller = new OpenAI({apiKey: 'sk-test', baseURL: `${beside.url}/v1`, maxRetries: 0});
    await caller.files.create({file: await toFile(Buffer.from('{}'), 'x.jsonl'), purpose: 'batch'});
    await caller.batches.list();
    await caller.files.retrieve('file-tw1');
    assert.deepEqual(asked, ['POST /v1/files HTTP/1.1', 'GET /v1/batches HTTP/1.1',
                             'GET /v1/files/file-tw1 HTTP/1.1']);
    assert.equal((await fetch(`${beside.url}/tierway/jobs`)).status, 404);
});

test('many requests: each is answered once, and the content comes in pieces', async () => {
    const count = 1500;
    const batch = await create(Array.from({length: count},
        (_, i) => chat(`n${i}`, 'long '.repeat(200))));
    const end = await ended(batch.id);
    assert.deepEqual(end.request_counts, {total: count, completed: count, failed: 0});
    const rows = await results(end.output_file_id);
    assert.equal(new Set(rows.map((row) => row.custom_id)).size, count);
    assert.equal(rows.length, count);
    const billed = (await provider.stats()).billed;
    assert.equal(billed.reduce((sum, row) => sum + row.requests, 0), count);
    assert.equal(gateway.ledger('count(*) as n')[0].n, count);
});

test('a large file is kept and read back whole', async () => {
    const text = lines([chat('a', 'x'.repeat(1 << 20))]).repeat(70).replaceAll('"a"', '"b"');
    const file = await upload(text);
    assert.equal(file.bytes, text.length);
    const content = await (await client.files.content(file.id)).text();
    assert.ok(content === text);
    await client.files.delete(file.id);
});
