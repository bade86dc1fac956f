import Foundation
import Postgres
import Synchronization

/// A throw-away PostgreSQL cluster with fsync on, on a Unix socket and 127.0.0.1; gone when the process is.
///
/// Tests share `shared`, each with a database of its own (`withDatabase`); those that stop or kill the server start their own.
package final class PostgresServer: Sendable {
  /// The directory of the socket and, in `data`, of the cluster.
  package let directory: String
  package let port: Int

  /// The server that most tests share; started at first use. Throws when no PostgreSQL is installed.
  package static func shared() async throws -> PostgresServer { try await onThread { try sharedServer.get() } }

  private static let sharedServer = Result { try PostgresServer(settings: []) }

  /// A server that was started by somebody else, from HEADGATE_TEST_POSTGRES (a connection string of a superuser).
  package static let external = ProcessInfo.processInfo.environment["HEADGATE_TEST_POSTGRES"].flatMap { $0.isEmpty ? nil : $0 }

  /// Makes and starts a cluster.
  ///
  /// - Parameter settings: such as "fsync=off", over the defaults.
  package static func make(settings: [String] = []) async throws -> PostgresServer {
    try await onThread { try PostgresServer(settings: settings) }
  }

  private init(settings: [String]) throws {
    directory = try PostgresProcess.run("/bin/mktemp", ["-d", "/tmp/headgate-postgres-XXXXXX"])
    port = try Self.freePort()
    if geteuid() == 0 {
      try PostgresProcess.run("/bin/chmod", ["755", directory])
      try PostgresProcess.run("/bin/chown", ["postgres", directory])
    }
    try keepOnLeash()
    try runAsOwner("initdb", ["-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", "-N"])
    let configuration =
      ["listen_addresses='127.0.0.1'", "port=\(port)", "unix_socket_directories='\(directory)'"]
      + ["max_connections=200", "shared_buffers='64MB'", "log_error_verbosity=terse", "timezone='UTC'"] + settings
    try configuration.joined(separator: "\n").appending("\n").write(
      toFile: directory + "/test.conf", atomically: true, encoding: .utf8)
    try PostgresProcess.run("/bin/sh", ["-c", "cat \(directory)/test.conf >> \(data)/postgresql.conf"])
    try startAndWait()
  }

  /// A connection string for a database, over the Unix socket.
  package func connectionString(database: String = "postgres") -> String {
    "host=\(directory) port=\(port) user=postgres dbname=\(database)"
  }

  /// A connection string for a database, over TCP.
  package func tcpConnectionString(database: String = "postgres", port: Int? = nil) -> String {
    "host=127.0.0.1 port=\(port ?? self.port) user=postgres dbname=\(database) sslmode=disable gssencmode=disable"
  }

  /// Starts the server and waits until it accepts connections.
  package func start() async throws { try await onThread { try self.startAndWait() } }

  private func startAndWait() throws {
    // After a SIGKILL, its orphans may hold the shared memory for a moment.
    let end = ContinuousClock.now + .seconds(20)
    while true {
      do { return try runAsOwner("pg_ctl", ["-D", data, "-l", directory + "/log", "-w", "-t", "30", "start"]) } catch {
        guard ContinuousClock.now < end else { throw error }
        usleep(20_000)
      }
    }
  }

  /// How to stop a server.
  package enum Stop: String, Sendable { case fast, immediate }

  /// Stops the server and waits until it has ended.
  package func stop(_ mode: Stop) async throws {
    try await onThread { try self.runAsOwner("pg_ctl", ["-D", self.data, "-m", mode.rawValue, "-w", "stop"]) }
  }

  /// Kills the server's first process with SIGKILL; the others end when they notice.
  package func killPostmaster() throws {
    guard kill(try postmaster(), SIGKILL) == 0 else { throw Failure(message: "the server cannot be killed") }
  }

  /// What the server has logged.
  package var log: String { (try? String(contentsOfFile: directory + "/log", encoding: .utf8)) ?? "" }

  private func postmaster() throws -> pid_t {
    let text = try String(contentsOfFile: data + "/postmaster.pid", encoding: .utf8)
    guard let line = text.split(separator: "\n").first, let pid = pid_t(line) else { throw Failure(message: "no postmaster.pid") }
    return pid
  }

  private var data: String { directory + "/data" }

  /// A process that waits for the end of this one, however it ends, and then removes the cluster.
  private func keepOnLeash() throws {
    try PostgresProcess.startKeeper(
      """
      trap '' INT TERM HUP; cat >/dev/null
      pid=$(head -n 1 \(data)/postmaster.pid 2>/dev/null) && kill -QUIT "$pid" 2>/dev/null
      while [ -n "$pid" ] && kill -0 "$pid" 2>/dev/null; do sleep 0.1; done; rm -rf \(directory)
      """)
  }

  /// PostgreSQL refuses to run as root.
  private func runAsOwner(_ program: String, _ arguments: [String]) throws {
    let program = try Self.binaries() + "/" + program
    if geteuid() == 0 {
      try PostgresProcess.run("/sbin/runuser", ["-u", "postgres", "--", program] + arguments)
    } else {
      try PostgresProcess.run(program, arguments)
    }
  }

  /// The directory of the newest server installed.
  private static func binaries() throws -> String {
    let root = "/usr/lib/postgresql"
    let versions = try FileManager.default.contentsOfDirectory(atPath: root).compactMap { Int($0) }
    guard let newest = versions.max() else { throw Failure(message: "no PostgreSQL server under \(root)") }
    return "\(root)/\(newest)/bin"
  }

  /// What a step of the set-up said when it failed.
  package struct Failure: Error, CustomStringConvertible {
    package var message: String
    package var description: String { message }
  }

  /// A port that was free a moment ago.
  static func freePort() throws -> Int {
    let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    defer { close(listener) }
    var address = LoopbackAddress.any
    guard address.bind(listener), let port = LoopbackAddress.port(of: listener) else {
      throw Failure(message: "no free port")
    }
    return port
  }
}
