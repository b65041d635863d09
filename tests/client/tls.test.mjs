// OpenAI's own client against a gateway that speaks TLS. Node.js reads which certificates it trusts
// when it starts, so that the client runs in a program of its own.
import assert from 'node:assert/strict';
import {execFile, execFileSync} from 'node:child_process';
import {before, test} from 'node:test';
import {startGateway, startProvider, temporaryFile} from './harness.mjs';

const certificate = temporaryFile('gateway.pem');
const key = temporaryFile('gateway-key.pem');
let gateway;

before(async () => {
    execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt',
                             'ec_paramgen_curve:prime256v1', '-nodes', '-subj', '/CN=gateway',
                             '-addext', 'subjectAltName=IP:127.0.0.1', '-days', '2',
                             '-keyout', key, '-out', certificate], {stdio: 'pipe'});
    const provider = await startProvider();
    gateway = await startGateway(`${provider.url}/v1`, '--tls-certificate', certificate,
                                 '--tls-key', key);
});

const program = `
const {createRequire} = require('node:module');
const {join} = require('node:path');
const OpenAI = createRequire(join(process.env.TIERWAY_CLIENT_MODULES, 'from'))('openai').default;
const client = new OpenAI({apiKey: 'sk-test', baseURL: process.argv[1], maxRetries: 0});
const low = {headers: {'x-tierway-priority': 'low'}};
const question = {model: 'gpt-5', messages: [{role: 'user', content: 'hello'}]};
(async () => {
    const chat = await client.chat.completions.create(question, low);
    let streamed = '';
    for await (const piece of await client.chat.completions.create({...question, stream: true}))
        streamed += piece.choices[0]?.delta?.content ?? '';
    const response = await client.responses.create({model: 'gpt-5', input: 'hello'}, low);
    const refused = await client.chat.completions.create(question,
        {headers: {'x-tierway-priority': 'critical'}}).catch((error) => error);
    console.log(JSON.stringify({chat: chat.service_tier, streamed: streamed.length > 0,
                                response: response.service_tier, refused: refused.status}));
})().catch((error) => { console.error(error.cause?.cause?.code ?? error); process.exit(1); });`;

// What the client prints, or the code of the failure.
function run(environment) {
    return new Promise((resolve) => {
        const url = `https://127.0.0.1:${gateway.port}/v1`;
        execFile(process.execPath, ['-e', program, url], {env: {...process.env, ...environment}},
                 (error, output, errors) => resolve(error ? errors.trim() : JSON.parse(output)));
    });
}

test('chat, stream, responses and a refusal', async () => {
    assert.deepEqual(await run({NODE_EXTRA_CA_CERTS: certificate}),
                     {chat: 'flex', streamed: true, response: 'flex', refused: 403});
});

test('a client that does not know the certificate sends nothing', async () => {
    const rows = gateway.ledger('number').length;
    assert.equal(await run({NODE_EXTRA_CA_CERTS: ''}), 'DEPTH_ZERO_SELF_SIGNED_CERT');
    assert.equal(gateway.ledger('number').length, rows);
});
