/** A small arbiter that says what a test has it say, on a socket of its own. */

import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as gd from "../src/gd/index.js";

/** What is done with a message of a client. */
export type Answer = (
  message: gd.Message,
  send: (message: gd.Message) => void,
  socket: Socket,
) => void;

export class Arbiter {
  readonly taken: gd.Message[] = [];
  connections = 0;
  ended = 0;
  private readonly sockets = new Set<Socket>();

  private constructor(
    readonly socketPath: string,
    private readonly folder: string,
    private readonly server: Server,
  ) {}

  static async start(answer: Answer): Promise<Arbiter> {
    const folder = mkdtempSync(join(tmpdir(), "gd-"));
    const server = createServer({ allowHalfOpen: false });
    const arbiter = new Arbiter(join(folder, "socket"), folder, server);
    server.on("connection", (socket) => arbiter.serve(socket, answer));
    await new Promise<void>((done) => server.listen(arbiter.socketPath, done));
    return arbiter;
  }

  /** Lets go of all clients. */
  drop(): void {
    for (const socket of this.sockets) socket.destroy();
  }

  async stop(): Promise<void> {
    this.drop();
    await new Promise((done) => this.server.close(done));
    rmSync(this.folder, { recursive: true });
  }

  private serve(socket: Socket, answer: Answer): void {
    const connection = new gd.Connection("arbiter");
    this.connections++;
    this.sockets.add(socket);
    socket.on("error", () => socket.destroy());
    socket.on("close", () => {
      this.ended++;
      this.sockets.delete(socket);
    });
    socket.on("data", (bytes) => {
      for (const event of connection.receive(bytes)) {
        if (event.event !== "message") continue;
        this.taken.push(event.message);
        answer(event.message, (message) => socket.write(connection.send(message)), socket);
      }
    });
  }
}
