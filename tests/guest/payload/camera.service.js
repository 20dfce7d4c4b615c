// The camera service of the incident's backend, as small as it can be and still be real: GET /cameras/ID/stream answers with MJPEG
// from one FFmpeg process a viewer, each in a slot of guardian-stream. The lines of streamMJPEG are the ones that README.md shows;
// they are TypeScript too.
'use strict'
const { spawn } = require('child_process')
const http = require('http')

class CameraService {
  logger = console

  // Elsewhere -rtsp_transport tcp -i rtsp://...; here FFmpeg's own test picture, as fast as a camera sends it.
  ffmpegArguments(deviceId) {
    return ['-v', 'error', '-nostdin', '-threads', '1', '-re', '-f', 'lavfi', '-i', 'testsrc=size=160x120:rate=2',
      '-metadata', `title=${deviceId}`, '-threads', '1', '-f', 'mpjpeg', '-boundary_tag', 'ffmpeg', 'pipe:1']
  }

  async streamMJPEG(deviceId, res) {
    const command = ['--name', deviceId, '--', 'ffmpeg', ...this.ffmpegArguments(deviceId)]
    const stream = spawn('guardian-stream', command, { stdio: ['ignore', 'pipe', 'inherit'] })
    res.setHeader('Content-Type', 'multipart/x-mixed-replace; boundary=ffmpeg')
    stream.stdout.pipe(res, { end: false })
    res.on('close', () => { stream.stdout.destroy(); stream.kill() })
    stream.on('error', error => this.logger.error(error.message))
    stream.on('close', code => {
      if (res.headersSent) res.end()
      else if (code === 75) res.writeHead(503, { 'Retry-After': '5' }).end('All streams are in use.\n')
      else res.writeHead(502).end('The camera sends nothing.\n')
    })
  }
}

const service = new CameraService()
const server = http.createServer((req, res) => {
  const [, deviceId] = req.url.match(/^\/cameras\/([\w-]+)\/stream$/) || []
  if (deviceId) return service.streamMJPEG(deviceId, res)
  res.writeHead(req.url === '/health' ? 200 : 404, { 'Content-Type': 'application/json' })
  res.end(JSON.stringify({ ok: req.url === '/health', pid: process.pid }) + '\n')
})

// As PID 1 of a container a signal without a handler is ignored.
for (const signal of ['SIGTERM', 'SIGINT']) process.on(signal, () => process.exit(0))
server.listen(Number(process.env.PORT) || 3000, '0.0.0.0')
