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
      } catch {
        return report(error, in: environment)
      }
    }
  }

  /// Shows the parser's messages: help and version go to standard output, complaints to standard error.
  private static func report(_ error: any Error, in environment: ClientEnvironment) -> Int32 {
    let status = HeadgateCommand.exitCode(for: error)
    let message = HeadgateCommand.fullMessage(for: error, columns: environment.terminalWidth)
    let channel = status.isSuccess ? environment.output : environment.errors
    if !message.isEmpty { try? channel.write(Array((message + "\n").utf8)) }
    return status == .validationFailure ? ExitStatus.invalid.rawValue : status.rawValue
  }
}
