import Foundation

/// Runs the programs of a PostgreSQL installation.
///
/// Not `Foundation.Process`: on Linux it waits until every process that inherited a descriptor of its own has ended, and a
/// server that was started by pg_ctl goes on.
enum PostgresProcess {
  /// Runs a program to its end and returns what it said.
  @discardableResult
  static func run(_ program: String, _ arguments: [String]) throws -> String {
    let path = "/tmp/headgate-\(UUID().uuidString)"
    defer { unlink(path) }
    let process = try spawn(program, arguments, input: "/dev/null", output: path)
    var status: CInt = 0
    while waitpid(process, &status, 0) < 0, errno == EINTR {}
    let text = (try? String(contentsOfFile: path, encoding: .utf8)) ?? ""
    guard status == 0 else { throw PostgresServer.Failure(message: "\(program) \(arguments): \(text)") }
    return text.trimmingCharacters(in: .whitespacesAndNewlines)
  }

  /// Starts a shell script whose standard input ends when this process does, however it ends.
  static func startKeeper(_ script: String) throws {
    var ends: [CInt] = [0, 0]
    guard pipe(&ends) == 0 else { throw PostgresServer.Failure(message: "no pipe") }
    for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
    _ = try spawn("/bin/sh", ["-c", script], inputDescriptor: ends[0], output: "/dev/null")
    close(ends[0])
    // The other end is left open on purpose.
  }

  private static func spawn(
    _ program: String, _ arguments: [String], input: String = "/dev/null", inputDescriptor: CInt? = nil, output: String
  ) throws -> pid_t {
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    if let inputDescriptor {
      posix_spawn_file_actions_adddup2(&actions, inputDescriptor, 0)
    } else {
      posix_spawn_file_actions_addopen(&actions, 0, input, O_RDONLY, 0)
    }
    posix_spawn_file_actions_addopen(&actions, 1, output, O_WRONLY | O_CREAT | O_APPEND, 0o600)
    posix_spawn_file_actions_adddup2(&actions, 1, 2)
    // A group of its own: an interrupt at the terminal is for the tests.
    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETPGROUP))
    var words: [UnsafeMutablePointer<CChar>?] = ([program] + arguments).map { strdup($0) }
    words.append(nil)
    defer {
      for word in words { free(word) }
    }
    var process = pid_t()
    let status = posix_spawn(&process, program, &actions, &attributes, words, environ)
    guard status == 0 else { throw PostgresServer.Failure(message: "\(program) cannot be started (error \(status))") }
    return process
  }
}
