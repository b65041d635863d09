// LangChain's OpenAI models, unchanged but for their base URL.
import assert from 'node:assert/strict';
import {before, beforeEach, test} from 'node:test';
import {clientModule, startGateway, startProvider} from './harness.mjs';

const {ChatOpenAI} = clientModule('@langchain/openai');
let provider, gateway;

before(async () => {
    provider = await startProvider('--latency', 'flex=2', '--latency', 'default=2');
    gateway = await startGateway(`${provider.url}/v1`);
});

beforeEach(async () => {
    await provider.set('reset');
    gateway.clearLedger();
});

const modelOf = (options = {}) => new ChatOpenAI({
    model: 'gpt-5-mini', apiKey: 'sk-test', maxRetries: 0, ...options,
    configuration: {baseURL: `${gateway.url}/v1`, defaultHeaders: {'x-tierway-priority': 'low'}},
});

for (const useResponsesApi of [false, true]) {
    const api = useResponsesApi ? 'responses' : 'chat';
    test(`invoke over ${api}`, async () => {
        const message = await modelOf({useResponsesApi}).invoke('Hello');
        assert.ok(message.text.length > 0);
        assert.deepEqual(gateway.ledger('served_tier, input_tokens, output_tokens'),
            [{served_tier: 'flex', input_tokens: message.usage_metadata.input_tokens,
              output_tokens: message.usage_metadata.output_tokens}]);
        assert.match((await provider.requests())[0].body.toString(), /^\{"service_tier":"flex",/);
    });

    test(`stream over ${api}: its text and its usage`, async () => {
        let text = '', usage;
        for await (const chunk of await modelOf({useResponsesApi}).stream('Hello')) {
            text += chunk.text;
            usage = chunk.usage_metadata ?? usage;
        }
        assert.equal(text, (await modelOf({useResponsesApi}).invoke('Hello')).text);
        assert.deepEqual(gateway.ledger('input_tokens, output_tokens')[0],
            {input_tokens: usage.input_tokens, output_tokens: usage.output_tokens});
    });
}

test('stream without usage: no empty chunk, and the ledger has it all the same', async () => {
    let chunks = 0;
    for await (const chunk of await modelOf({streamUsage: false}).stream('Hello')) {
        assert.equal(chunk.usage_metadata, undefined);
        chunks++;
    }
    assert.ok(chunks > 3);
    const [row] = gateway.ledger('served_tier, output_tokens');
    assert.equal(row.served_tier, 'flex');
    assert.ok(row.output_tokens > 0);
});

test('flex without room', async () => {
    await provider.set('capacity', 'refuse first 1');
    const message = await modelOf().invoke('Hello');
    assert.ok(message.text.length > 0);
    assert.deepEqual(gateway.ledger('attempted_tier, outcome'),
        [{attempted_tier: 'flex', outcome: 1}, {attempted_tier: 'default', outcome: 0}]);
});

test('the policy\'s rejection is an error of the client', async () => {
    const model = new ChatOpenAI({model: 'gpt-5-mini', apiKey: 'sk-test', maxRetries: 0,
        configuration: {baseURL: `${gateway.url}/v1`,
                        defaultHeaders: {'x-tierway-priority': 'critical'}}});
    const failure = await model.invoke('Hello').catch((error) => error);
    assert.equal(failure.status, 403);
    assert.equal(failure.code, 'rejected_by_policy');
});
