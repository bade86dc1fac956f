import FoundationEssentials
import HeadgateProto
import Synchronization

@testable import Client

/// Runs whole commands in this process against a fake control plane.
struct CommandRun {
  var status: Int32
  var output: String
  var errors: String

  /// The clock of all commands in tests: 2026-01-02T03:04:05Z.
  static let now = Timestamp(microseconds: 1_767_323_045_000_000)

  /// What a command runs in.
  struct Setting {
    var control = FakeControlPlane()
    var directory: TemporaryDirectory?
    var variables = ["HEADGATE_ENDPOINT": "127.0.0.1:7400"]
    var input = ""
    /// Lines typed at the terminal; not `nil` makes input and output terminals.
    var typed: [String]?
    var isTerminal = false
    /// Columns of the terminal.
    var width = ClientEnvironment.defaultTerminalWidth
    var connect: (@Sendable (ConnectionSettings) async throws -> OpenConnection)?
    /// What the command writes to standard error, for tests that watch it while it runs.
    var errors = ByteSink()
    var stopRequests: @Sendable () -> AsyncStream<Void> = { AsyncStream { _ in } }
    /// What the command writes to standard output.
    var output = ByteSink()
    /// The edge node.
    var send: @Sendable (HTTPSample, EdgeBase, Duration) async throws -> HTTPSampleAnswer = { _, base, _ in
      throw CommandFailure(.unreachable, "the edge node at \(base.text) is not faked")
    }
  }

  static func headgate(_ arguments: [String], _ setting: Setting = Setting()) async -> CommandRun {
    let output = setting.output
    // Another command may have written to it before.
    let written = output.text.utf8.count
    let errors = setting.errors
    let typed = Mutex((setting.typed ?? [])[...])
    let input = setting.input
    let isTerminal = setting.isTerminal || setting.typed != nil
    let control = setting.control
    let width = setting.width
    let environment = ClientEnvironment(
      variables: setting.variables, workingDirectory: setting.directory?.path ?? "/",
      output: OutputChannel(isTerminal: isTerminal) { output.append($0) },
      errors: OutputChannel(isTerminal: isTerminal) { errors.append($0) },
      input: InputChannel(
        isTerminal: setting.typed != nil, readAll: { Array(input.utf8) },
        readLine: { _ in typed.withLock { $0.popFirst() } }),
      terminalWidth: width, now: { now }, connect: setting.connect ?? { _ in OpenConnection(caller: control) },
      send: setting.send,
      stopRequests: setting.stopRequests)
    let status = await HeadgateProgram.run(arguments, in: environment)
    return CommandRun(
      status: status, output: String(decoding: output.text.utf8.dropFirst(written), as: UTF8.self), errors: errors.text)
  }
}

/// Collects what is written.
final class ByteSink: Sendable {
  private struct State {
    var bytes: [UInt8] = []
    var waiting: [(text: [UInt8], latch: Latch)] = []

    mutating func wake() {
      waiting.removeAll { waiter in
        guard bytes.contains(waiter.text) else { return false }
        waiter.latch.open()
        return true
      }
    }
  }

  private let state = Mutex(State())

  func append(_ more: [UInt8]) {
    state.withLock { state in
      state.bytes += more
      state.wake()
    }
  }

  var text: String { String(decoding: state.withLock(\.bytes), as: UTF8.self) }

  /// Returns when the text has been written.
  func wait(for text: String) async {
    let latch = Latch()
    state.withLock { state in
      state.waiting.append((Array(text.utf8), latch))
      state.wake()
    }
    await latch.wait()
  }
}

/// A directory that lives as long as this value.
final class TemporaryDirectory: Sendable {
  let path: String

  init(_ files: [String: String] = [:]) throws {
    path = FileManager.default.temporaryDirectory.path + "/headgate-client-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    for (name, text) in files { try write(text, to: name) }
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  /// Writes a file; directories on the way are made.
  func write(_ text: String, to name: String) throws {
    let file = path + "/" + name
    let directory = String(file[..<(file.lastIndex(of: "/") ?? file.endIndex)])
    try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
    try Data(text.utf8).write(to: URL(filePath: file))
  }

  /// The text of a file; empty when there is none.
  func read(_ name: String) -> String {
    (try? Data(contentsOf: URL(filePath: path + "/" + name))).map { String(decoding: $0, as: UTF8.self) } ?? ""
  }
}

/// The folder with test data made by others, beside the repository.
enum Corpora {
  static var path: String {
    let shared =
      ProcessInfo.processInfo.environment["HEADGATE_SHARED"]
      ?? #filePath.split(separator: "/").dropLast(5).reduce("") { "\($0)/\($1)" } + "/shared"
    return shared + "/corpora"
  }

  static func isThere(_ name: String) -> Bool { FileManager.default.fileExists(atPath: path + "/" + name) }

  static func bytes(_ name: String) throws -> [UInt8] { Array(try Data(contentsOf: URL(filePath: path + "/" + name))) }

  static func names(in folder: String) throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: path + "/" + folder).sorted()
  }
}
