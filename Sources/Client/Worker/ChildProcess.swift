import Glibc
import Subprocess
import SystemPackage

/// A command of the shell that gets something to read and whose end matters.
struct ChildProcess: Sendable {
  /// How a command ended.
  struct Ending: Sendable, Hashable {
    enum Status: Sendable, Hashable {
      case exited(Int32)
      case signalled(Int32)
    }

    var status: Status
    /// The last lines that it wrote to its standard error.
    var lastErrors: String

    var isSuccess: Bool { status == .exited(0) }

    /// "exit status 3", "killed by signal 9".
    var description: String {
      switch status {
      case .exited(let code): "exit status \(code)"
      case .signalled(let signal): "killed by signal \(signal)"
      }
    }
  }

  /// Bytes of the standard error that are kept; what the control plane stores of an error.
  static let errorLimit = 4096

  /// How long a command that is to end has between SIGTERM and SIGKILL.
  static let gracePeriod = Duration.seconds(5)

  /// Given to `/bin/sh -c`.
  var command: String
  var input: [UInt8]
  /// Added to this process's environment; `nil` removes a variable.
  var variables: [String: String?]
  /// Is given what the command writes to its standard error, as it arrives.
  var forwardErrors: @Sendable ([UInt8]) -> Void

  /// Runs the command ($1) in this process group and ends the group when the worker is gone: a command must not go on
  /// beside the worker that gets the run next. The worker is this shell's parent, so its end shows as another parent; the
  /// kernel's own signal for that (PR_SET_PDEATHSIG) is about the thread that started the command, which may end any time.
  private static let guarded = """
    watch() {
      while sleep 1; do
        read -r _ _ _ parent _ 2>/dev/null </proc/$$/stat || exit
        [ "$parent" = "$PPID" ] || kill -KILL 0
      done
    }
    watch </dev/null >/dev/null 2>&1 &
    watcher=$!
    /bin/sh -c "$1"
    status=$?
    kill "$watcher" 2>/dev/null
    [ $status -le 128 ] || kill -$((status - 128)) $$ 2>/dev/null
    exit $status
    """

  /// What is started for the command.
  var arguments: [String] { ["-c", Self.guarded, "sh", command] }

  /// Runs the command to its end. Its standard output is this process's.
  ///
  /// The command has a process group of its own, so that a terminal's interrupt does not reach it. When the task is
  /// cancelled the whole group is terminated, then killed; when this process is killed, the group is within a second or two.
  /// - Throws: when the shell cannot be started.
  func run() async throws -> Ending {
    BrokenPipes.ignore()
    var options = PlatformOptions()
    options.processGroupID = 0
    options.teardownSequence = [
      .send(signal: .terminate, toProcessGroup: true, allowedDurationToNextStep: Self.gracePeriod)
    ]
    let added = variables.reduce(into: [Environment.Key: String?]()) { result, variable in
      if let key = Environment.Key(rawValue: variable.key) { result[key] = variable.value }
    }
    let result = try await Subprocess.run(
      .path("/bin/sh"), arguments: Arguments(arguments), environment: .inherit.updating(added), platformOptions: options,
      input: .inputWriter, output: .currentStandardOutput, error: .sequence
    ) { execution in
      await withTaskGroup(of: Void.self) { group in
        group.addTask {
          // A command need not read its input; a closed pipe is then no fault.
          _ = try? await execution.standardInputWriter.write(input)
          try? await execution.standardInputWriter.finish()
        }
        var tail = TextTail(limit: Self.errorLimit)
        do {
          for try await buffer in execution.standardError {
            let bytes = buffer.withUnsafeBytes { Array($0) }
            tail.append(bytes)
            forwardErrors(bytes)
          }
        } catch {
          // What was read until then is enough for a report.
        }
        await group.waitForAll()
        return tail.text
      }
    }
    switch result.terminationStatus {
    case .exited(let code): return Ending(status: .exited(code), lastErrors: result.closureResult)
    case .signaled(let signal): return Ending(status: .signalled(signal), lastErrors: result.closureResult)
    }
  }
}

/// Writing to a pipe without a reader shall be an error of the write, not the end of this process.
enum BrokenPipes {
  private static let ignored: Void = {
    signal(SIGPIPE, SIG_IGN)
  }()

  /// Takes effect once for the process; commands that are started get the default action back.
  static func ignore() { ignored }
}
