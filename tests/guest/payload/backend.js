// The backend of the incident, as small as it can be and still be real: an HTTP server on port 3000 that answers health checks,
// holds memory of either kind when told to, and starts one FFmpeg child per viewer. STREAM_WRAPPER ("guardian-stream --") is put
// before ffmpeg.
'use strict'
const { spawn } = require('child_process')
const fs = require('fs')
const http = require('http')

const MIB = 1024 * 1024
let held = []
const streams = new Set()

function anon(mib) {
  // Filled block by block with a varying byte: pages that are really taken.
  for (let i = 0; i < mib; i++) held.push(Buffer.alloc(MIB, i % 251 + 1))
  return { held_mib: held.length }
}

function free() {
  held = []
  if (global.gc) global.gc()
  return { held_mib: 0 }
}

// Reads (after writing it once, in blocks) a file on the container's own disk layer: page cache, not anonymous memory.
function file(mib) {
  const path = process.env.FILE_PATH || '/data/file'
  const block = Buffer.alloc(MIB, 7)
  const out = fs.openSync(path, 'w')
  for (let i = 0; i < mib; i++) fs.writeSync(out, block)
  fs.fsyncSync(out)
  fs.closeSync(out)
  const fd = fs.openSync(path, 'r')
  let read = 0
  for (let got; (got = fs.readSync(fd, block, 0, MIB, null)) > 0;) read += got
  fs.closeSync(fd)
  return { read_mib: read / MIB }
}

function stream() {
  const wrapper = (process.env.STREAM_WRAPPER || '').split(' ').filter(Boolean)
  const ffmpeg = ['ffmpeg', '-v', 'error', '-nostdin', '-re', '-f', 'lavfi', '-i', 'testsrc=size=320x240:rate=5',
    '-f', 'mjpeg', 'pipe:1']
  const [command, ...args] = [...wrapper, ...ffmpeg]
  const child = spawn(command, args, { stdio: ['ignore', 'ignore', 'inherit'] })
  streams.add(child)
  child.on('error', error => console.error(error.message))
  child.on('close', () => streams.delete(child))
  return { pid: child.pid, streams: streams.size }
}

function stopStreams() {
  for (const child of streams) child.kill('SIGTERM')
  return { stopped: streams.size }
}

const routes = {
  '/health': () => ({ ok: true, pid: process.pid, streams: streams.size }),
  '/anon': query => anon(Number(query.get('mb'))),
  '/free': free,
  '/file': query => file(Number(query.get('mb'))),
  '/stream': stream,
  '/streams/stop': stopStreams
}

const server = http.createServer((request, response) => {
  const url = new URL(request.url, 'http://backend')
  const route = routes[url.pathname]
  const reply = (code, body) => response.writeHead(code, { 'content-type': 'application/json' }).end(JSON.stringify(body) + '\n')
  if (!route) return reply(404, { error: 'no such path' })
  try {
    reply(200, route(url.searchParams))
  } catch (error) {
    reply(500, { error: error.message })
  }
})

// As PID 1 of a container a signal without a handler is ignored.
for (const signal of ['SIGTERM', 'SIGINT']) process.on(signal, () => process.exit(0))
server.listen(3000, '0.0.0.0')
