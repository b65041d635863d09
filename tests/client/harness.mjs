// What the client tests share: the command's programs on ports that the kernel picks, a raw server
// and a raw caller that leave every byte as it is, and the ledger.
//
// TIERWAY is the command; TIERWAY_CLIENT_MODULES the folder that install.sh has filled.
import assert from 'node:assert/strict';
import {execFileSync, spawn} from 'node:child_process';
import {mkdtempSync, readFileSync, rmSync, writeFileSync} from 'node:fs';
import {createRequire} from 'node:module';
import net from 'node:net';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {after} from 'node:test';

const command = process.env.TIERWAY;
assert.ok(command, 'TIERWAY is not set');

// The clients, from the folder that they are installed in.
export const clientModule = createRequire(join(process.env.TIERWAY_CLIENT_MODULES ?? '/', 'from'));

const folder = mkdtempSync(join(tmpdir(), 'tierway-client-'));
const programs = new Set();
const servers = new Set();

after(async () => {
    for (const server of servers) server.close();
    await Promise.all([...programs].map((program) => program.stop('SIGKILL')));
    rmSync(folder, {recursive: true, force: true});
});

export function temporaryFile(name, content = undefined) {
    const path = join(folder, name);
    if (content !== undefined) writeFileSync(path, content);
    return path;
}

export const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

// Waits until the condition gives something true, and gives that.
export async function until(condition, what, limit = 20000) {
    for (const start = Date.now(); Date.now() - start < limit; await pause(5)) {
        const result = await condition();
        if (result) return result;
    }
    assert.fail(`not within ${limit} ms: ${what}`);
}

// --- programs ---

class Program {
    constructor(args) {
        this.process = spawn(command, args, {cwd: folder, stdio: ['ignore', 'pipe', 'pipe']});
        this.errors = '';
        this.process.stderr.on('data', (data) => (this.errors += data));
        this.exited = new Promise((resolve) => this.process.on('exit', (code) => resolve(code)));
        programs.add(this);
    }

    // The first line that it prints is its address.
    async start() {
        const line = new Promise((resolve) => this.process.stdout.once('data', resolve));
        const first = await Promise.race([line, this.exited]);
        assert.ok(first instanceof Buffer, `not started: ${this.errors}`);
        this.address = first.toString().trim();
        this.port = Number(this.address.split(':').at(-1));
        this.url = `http://${this.address}`;
        return this;
    }

    get pid() {
        return this.process.pid;
    }

    // Resident bytes.
    get memory() {
        const line = /^VmRSS:\s*(\d+) kB/m.exec(readFileSync(`/proc/${this.pid}/status`, 'utf8'));
        return Number(line[1]) * 1024;
    }

    async stop(signal = 'SIGTERM') {
        programs.delete(this);
        this.process.kill(signal);
        return this.exited;
    }
}

class Provider extends Program {
    async set(what, text = '') {
        const answer = await fetch(`${this.url}/fake/${what}`, {method: 'POST', body: text});
        assert.equal(answer.status, 200, await answer.text());
    }

    async stats() {
        return (await fetch(`${this.url}/fake/stats`)).json();
    }

    // What it was sent, since the reset.
    async requests() {
        const lines = (await (await fetch(`${this.url}/fake/requests`)).text()).split('\n');
        return lines.filter(Boolean).map((line) => {
            const request = JSON.parse(line);
            request.head = parseHead(Buffer.from(request.head, 'base64'));
            request.body = Buffer.from(request.body, 'base64');
            return request;
        });
    }
}

export async function startProvider(...options) {
    return new Provider(['fake-provider', ...options]).start();
}

// All rules that the tests need; each is asked for by a header.
export const policy = `pinned:   when force_tier is set     -> force_tier
patient:  when priority == low       -> flex else default
tireless: when attempt > 0           -> priority
hasty:    when priority == high      -> flex timeout 300ms else default
strictly: when request_type == async -> flex strict
closed:   when priority == critical  -> reject "closed for today"
otherwise                            -> default
`;

class Gateway extends Program {
    get store() {
        return temporaryFile(this.storeName);
    }

    // Rows of the ledger, oldest first.
    ledger(columns = '*', rest = '') {
        const sql = `select ${columns} from ledger ${rest} order by number`;
        const text = execFileSync('sqlite3', ['-json', this.store, sql]).toString();
        return text ? JSON.parse(text) : [];
    }

    clearLedger() {
        execFileSync('sqlite3', ['-cmd', '.timeout 10000', this.store, 'delete from ledger']);
    }

    stats() {
        const args = ['stats', '--store', this.store, '--format', 'json'];
        return JSON.parse(execFileSync(command, args).toString());
    }
}

let stores = 0;

// options: may name another policy. Files and batches are the provider's, unless --jobs is there.
export async function startGateway(upstream, ...options) {
    const own = options.includes('--policy');
    const policyOption = own ? [] : ['--policy', temporaryFile('policy.tier', policy)];
    const jobs = options.some((option) => option.startsWith('--jobs')) ? [] : ['--jobs', 'off'];
    const storeName = `ledger${++stores}.db`;
    const gateway = new Gateway(['serve', '--listen', '127.0.0.1:0', ...policyOption,
                                 '--upstream', upstream, '--store', temporaryFile(storeName),
                                 ...jobs, ...options]);
    gateway.storeName = storeName;
    return gateway.start();
}

// --- HTTP as bytes ---

// Names as they were sent, in order; `get` finds one in any spelling.
export function parseHead(bytes) {
    const [first, ...lines] = bytes.toString('latin1').trimEnd().split('\r\n');
    const headers = lines.map((line) => {
        const colon = line.indexOf(':');
        return [line.slice(0, colon), line.slice(colon + 1).trim()];
    });
    const get = (name) => headers.find(([other]) => other.toLowerCase() === name)?.[1];
    return {first, headers, get};
}

// Takes the chunks of a body apart; undefined while it is not complete.
function joinChunks(bytes) {
    const pieces = [];
    for (let at = 0; ; ) {
        const line = bytes.indexOf('\r\n', at);
        if (line < 0) return undefined;
        const size = parseInt(bytes.toString('latin1', at, line), 16);
        const end = size ? line + 2 + size : bytes.indexOf('\r\n\r\n', line);
        if (end < 0 || bytes.length < end + (size ? 2 : 4)) return undefined;
        if (size === 0) {
            const trailers = bytes.toString('latin1', line + 2, end + 2);
            return {body: Buffer.concat(pieces), trailers, used: end + 4};
        }
        pieces.push(bytes.subarray(line + 2, end));
        at = end + 2;
    }
}

// One message of either side; undefined while it is not complete. bodiless: an answer to HEAD.
export function parseMessage(bytes, bodiless = false) {
    const end = bytes.indexOf('\r\n\r\n');
    if (end < 0) return undefined;
    const head = parseHead(bytes.subarray(0, end + 2));
    const rest = bytes.subarray(end + 4);
    const status = /^HTTP\S+ (\d+)/.exec(head.first)?.[1];
    if (bodiless || status === '204' || status === '304')
        return {head, body: Buffer.alloc(0), used: end + 4};
    if (head.get('transfer-encoding') === 'chunked') {
        const joined = joinChunks(rest);
        return joined && {...joined, head, used: end + 4 + joined.used};
    }
    const length = Number(head.get('content-length') ?? 0);
    if (rest.length < length) return undefined;
    return {head, body: rest.subarray(0, length), used: end + 4 + length};
}

// A server that hands out whole requests, and the socket to answer on.
export async function startServer(answer, connected = () => {}) {
    const sockets = new Set();
    const server = net.createServer({allowHalfOpen: false}, (socket) => {
        let bytes = Buffer.alloc(0);
        sockets.add(socket);
        socket.on('error', () => {});
        socket.on('close', () => sockets.delete(socket));
        connected(socket);
        socket.on('data', (data) => {
            bytes = Buffer.concat([bytes, data]);
            for (let request; (request = parseMessage(bytes)); ) {
                bytes = bytes.subarray(request.used);
                answer(request, socket);
            }
        });
    });
    await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
    const close = () => {
        server.close();
        for (const socket of sockets) socket.destroy();
    };
    const port = server.address().port;
    const started = {port, url: `http://127.0.0.1:${port}`, close, sockets};
    servers.add(started);
    return started;
}

// A caller's connection. `received` grows; `ended` is true once the other side has closed.
export async function connect(port) {
    const socket = net.connect(port, '127.0.0.1');
    const pieces = [];
    const caller = {socket, ended: false, failed: undefined};
    socket.on('data', (data) => pieces.push(data));
    socket.on('error', (error) => (caller.failed = error.code));
    socket.on('close', () => (caller.ended = true));
    Object.defineProperty(caller, 'received', {get: () => Buffer.concat(pieces)});
    await new Promise((resolve, reject) => {
        socket.once('connect', resolve);
        socket.once('error', reject);
    });
    return caller;
}

export function requestBytes(method, target, headers, body = undefined) {
    const lines = [`${method} ${target} HTTP/1.1`, 'Host: gateway.test'];
    for (const [name, value] of headers) lines.push(`${name}: ${value}`);
    if (body !== undefined) lines.push(`Content-Length: ${body.length}`);
    return Buffer.concat([Buffer.from(lines.join('\r\n') + '\r\n\r\n', 'latin1'),
                          body ?? Buffer.alloc(0)]);
}

// The final answer that the bytes begin with, with the interim ones before it.
function parseAnswer(bytes, bodiless) {
    const interim = [];
    for (let at = 0; ; ) {
        const message = parseMessage(bytes.subarray(at), bodiless);
        if (!message?.head.first.startsWith('HTTP/1.1 1')) return message && {...message, interim};
        interim.push(message.head);
        at += message.used;
    }
}

// Sends the bytes on a connection of its own and waits for one whole answer.
export async function exchange(port, bytes, bodiless = false) {
    const caller = await connect(port);
    caller.socket.write(bytes);
    const answer = await until(() => {
        const message = parseAnswer(caller.received, bodiless);
        return message ?? (caller.ended ? {cut: caller.received} : undefined);
    }, 'an answer');
    caller.socket.destroy();
    return {...answer, status: Number(answer.head?.first.split(' ')[1])};
}
