import ArgumentParser

/// `headgate completion`.
struct CompletionCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "completion",
    abstract: "Print the completion script for a shell.",
    discussion: """
      For zsh the directory must be in $fpath.

      bash: D=~/.local/share/bash-completion/completions; mkdir -p $D
            headgate completion bash > $D/headgate
      zsh:  headgate completion zsh > ~/.zsh/completions/_headgate
      fish: headgate completion fish > ~/.config/fish/completions/headgate.fish
      """)

  enum Shell: String, ExpressibleByArgument, CaseIterable {
    case bash
    case zsh
    case fish
  }

  @Argument(help: "bash, zsh or fish.")
  var shell: Shell

  func run() async throws {
    let script: String
    switch shell {
    case .bash: script = HeadgateCommand.completionScript(for: .bash)
    case .zsh: script = HeadgateCommand.completionScript(for: .zsh)
    case .fish: script = HeadgateCommand.completionScript(for: .fish)
    }
    try Screen(ClientEnvironment.current).print(script)
  }
}
