// For tests: small servers on loopback that answer as told.

import { createServer as createHttpServer, type RequestListener } from 'node:http'
import { type AddressInfo, createServer as createTcpServer, type Socket } from 'node:net'

export interface TestServer {
  readonly origin: string
  close(): Promise<void>
}

/** An HTTP server. */
export function httpServer(listener: RequestListener): Promise<TestServer> {
  const server = createHttpServer(listener)
  return listening(server, () => server.closeAllConnections())
}

/** A server of raw bytes: `talk` is called with each connection. */
export function rawServer(talk: (socket: Socket) => void): Promise<TestServer> {
  const sockets = new Set<Socket>()
  const server = createTcpServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => {})
    talk(socket)
  })
  return listening(server, () => {
    for (const socket of sockets) socket.destroy()
  })
}

function listening(
  server: ReturnType<typeof createTcpServer>,
  closeConnections: () => void,
): Promise<TestServer> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo
      resolve({
        origin: `http://127.0.0.1:${port}`,
        close: () =>
          new Promise((closed) => {
            server.close(() => closed())
            closeConnections()
          }),
      })
    })
  })
}
