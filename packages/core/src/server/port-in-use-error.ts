/** The port to listen on is in use. */
export class PortInUseError extends Error {
  readonly code = "MINI_PORT_IN_USE";
  readonly port: number;

  constructor(port: number, hostname: string, options?: ErrorOptions) {
    super(
      `Cannot listen on ${hostname}:${port}: the port is in use. Stop the program that listens there, or choose another port.`,
      options,
    );
    this.port = port;
  }

  override get name(): string {
    return "PortInUseError";
  }
}
