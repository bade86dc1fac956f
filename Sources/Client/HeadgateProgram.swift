import ArgumentParser

/// The program `headgate`.
package enum HeadgateProgram {
  package static let version = "0.1.0"

  /// Name and version as the control plane sees them.
  package static let agent = "headgate/\(version)"

  /// The status of a program that its reader left, as shells report the end by SIGPIPE.
  private static let outputClosedStatus: Int32 = 141

  /// Runs one command line.
  ///
  /// - Parameter arguments: without the program's name.
  /// - Returns: the exit status, see `ExitStatus`.
  package static func run(_ arguments: [String], in environment: ClientEnvironment = .process) async -> Int32 {
    await environment.run {
      do {
        // Not the parser's own flag, which would stand in the help of every command and in the way of their options.
        if arguments == ["--version"] {
          try environment.output.write(Array("headgate \(version)\n".utf8))
          return ExitStatus.success.rawValue
        }
        var command = try await HeadgateCommand.asyncParseAsRoot(arguments)
        if var command = command as? any AsyncParsableCommand {
          try await command.run()
        } else {
          try command.run()
        }
        return ExitStatus.success.rawValue
      } catch let status as ExitCode {
        return status.rawValue
      } catch is OutputClosed {
        return outputClosedStatus
      } catch let failure as OutputFailed {
        let failure = CommandFailure(.failure, "the result cannot be written: \(failure.reason)")
        Screen(environment, format: wantsJSON(arguments) ? .json : .table).report(failure)
        return failure.status.rawValue
      } catch {
        return report(error, arguments, in: environment)
      }
    }
  }

  /// Shows the parser's messages: help goes to standard output, complaints to standard error, as JSON where the result
  /// would have been JSON.
  private static func report(_ error: any Error, _ arguments: [String], in environment: ClientEnvironment) -> Int32 {
    let message = UsageMessage(error, arguments)
    guard HeadgateCommand.exitCode(for: error).isSuccess else {
      let screen = Screen(environment, format: wantsJSON(arguments) ? .json : .table)
      let failure = message.failure
      screen.report(failure)
      if screen.format == .table { screen.remark(wrapping: message.context) }
      return failure.status.rawValue
    }
    do {
      try environment.output.write(Array((message.help(columns: environment.terminalWidth) + "\n").utf8))
      return ExitStatus.success.rawValue
    } catch let failure as OutputFailed {
      try? environment.errors.write(Array("error: the help cannot be written: \(failure.reason)\n".utf8))
      return ExitStatus.failure.rawValue
    } catch {
      return outputClosedStatus
    }
  }

  /// Whether JSON is asked for, in arguments that the parser may not have understood.
  private static func wantsJSON(_ arguments: [String]) -> Bool {
    let name = OutputFormat.json.rawValue
    if arguments.contains("-o\(name)") || arguments.contains("--output=\(name)") || arguments.contains("-o=\(name)") {
      return true
    }
    return zip(arguments, arguments.dropFirst()).contains { ($0 == "-o" || $0 == "--output") && $1 == name }
  }
}
