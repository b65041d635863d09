// Vercel's AI SDK with its OpenAI provider, unchanged but for its base URL.
import assert from 'node:assert/strict';
import {before, beforeEach, test} from 'node:test';
import {clientModule, startGateway, startProvider} from './harness.mjs';

const {generateText, streamText, APICallError} = clientModule('ai');
const {createOpenAI} = clientModule('@ai-sdk/openai');
const headers = {'x-tierway-priority': 'low'};
let provider, gateway, openai;

before(async () => {
    provider = await startProvider('--latency', 'flex=2', '--latency', 'default=2');
    gateway = await startGateway(`${provider.url}/v1`);
    openai = createOpenAI({apiKey: 'sk-test', baseURL: `${gateway.url}/v1`});
});

beforeEach(async () => {
    await provider.set('reset');
    gateway.clearLedger();
});

const models = [['responses', () => openai.responses('gpt-5')],
                ['chat', () => openai.chat('gpt-5-mini')]];
const lastRow = () => gateway.ledger('rule, served_tier, input_tokens, output_tokens').at(-1);

for (const [api, model] of models) {
    test(`generateText over ${api}`, async () => {
        const result = await generateText({model: model(), prompt: 'Hello', headers});
        assert.ok(result.text.length > 0);
        assert.equal(result.response.headers['x-tierway-tier'], 'flex');
        assert.equal(JSON.parse((await provider.requests())[0].body).service_tier, 'flex');
        assert.deepEqual(lastRow(), {rule: 'patient', served_tier: 'flex',
            input_tokens: result.usage.inputTokens, output_tokens: result.usage.outputTokens});
    });

    test(`streamText over ${api}`, async () => {
        const result = streamText({model: model(), prompt: 'Hello', headers});
        let text = '';
        for await (const piece of result.textStream) text += piece;
        const usage = await result.usage;
        assert.equal(text, (await generateText({model: model(), prompt: 'Hello', headers})).text);
        assert.equal(await result.finishReason, 'stop');
        assert.deepEqual(gateway.ledger('input_tokens, output_tokens')[0],
            {input_tokens: usage.inputTokens, output_tokens: usage.outputTokens});
    });

    test(`streamText over ${api} when flex has no room, said inside the stream`, async () => {
        await provider.set('faults', 'refuse-event@flex');
        const result = streamText({model: model(), prompt: 'Hello', headers});
        let text = '';
        for await (const piece of result.textStream) text += piece;
        assert.ok(text.length > 0);
        assert.deepEqual(gateway.ledger('attempted_tier, outcome'),
            [{attempted_tier: 'flex', outcome: 1}, {attempted_tier: 'default', outcome: 0}]);
    });
}

test('a refusal that is handed on is not tried again', async () => {
    await provider.set('capacity', 'refuse all');
    const failure = await generateText({model: openai.chat('gpt-5-mini'), prompt: 'Hello',
        maxRetries: 0, headers: {'x-tierway-request-type': 'async'}}).catch((error) => error);
    assert.ok(APICallError.isInstance(failure), String(failure));
    assert.equal(failure.statusCode, 429);
    assert.equal(failure.data.error.code, 'flex_unavailable');
    assert.equal(failure.responseHeaders['x-should-retry'], 'false');
    assert.equal((await provider.requests()).length, 1);
});

test('service_tier of the SDK\'s own options', async () => {
    const result = await generateText({model: openai.chat('gpt-5'), prompt: 'Hello',
        providerOptions: {openai: {serviceTier: 'priority'}}});
    assert.equal(result.response.headers['x-tierway-tier'], 'priority');
    assert.equal(lastRow().rule, 'pinned');
});

test('a stream that is aborted ends', async () => {
    await provider.set('faults', 'slow-stream=20');
    const stop = new AbortController();
    const result = streamText({model: openai.chat('gpt-5-mini'), prompt: 'Hello', headers,
                               abortSignal: stop.signal});
    let pieces = 0;
    for await (const part of result.fullStream)
        if (part.type === 'text-delta' && ++pieces === 2) stop.abort();
    assert.ok(pieces < 10);
});
