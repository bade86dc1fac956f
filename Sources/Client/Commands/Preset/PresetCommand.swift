import ArgumentParser
import HeadgateProto

/// `headgate preset`.
struct PresetCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "preset",
    abstract: "What is known of providers' webhooks, to be named in a flow file as auth.preset.",
    discussion: """
      Example: headgate preset list
      Example: headgate preset show stripe
      """,
    subcommands: [PresetList.self, PresetShow.self])
}

/// `headgate preset list`.
struct PresetList: ClientCommand {
  static let configuration = CommandConfiguration(
    commandName: "list", abstract: "List the presets.",
    discussion: """
      Example: headgate preset list
      """)

  @OptionGroup(title: "Global options") var global: GlobalOptions

  func run(_ session: Session, _ screen: Screen) async throws {
    let presets = try await session.presets.list(ListPresetsRequest()).presets
    switch screen.format {
    case .json: try screen.print(["presets": .array(presets.map(\.json))])
    case .table: try screen.print(PresetTable.table(presets))
    }
  }
}

/// `headgate preset show`.
struct PresetShow: ClientCommand {
  static let configuration = CommandConfiguration(
    commandName: "show", abstract: "Show what a preset stands for; a scheme of your own can start from it.",
    discussion: """
      Example: headgate preset show stripe
      """)

  @Argument(help: ArgumentHelp("Id of the preset.", valueName: "id"))
  var id: String

  @OptionGroup(title: "Global options") var global: GlobalOptions

  var named: NamedObject? { .preset(id) }

  func run(_ session: Session, _ screen: Screen) async throws {
    let preset = try await session.presets.get(GetPresetRequest(id: id))
    guard screen.format == .table else { return try screen.print(preset.json) }
    var fields = Fields()
    fields.add("preset", preset.id, .bold)
    fields.add("mode", preset.mode)
    fields.addIfAny("event", preset.eventPath)
    fields.addIfAny("delivery id", preset.deliveryPath)
    fields.addIfAny("lists", preset.split.joined(separator: ", "))
    if preset.deadlineMs > 0 { fields.add("answer within", preset.deadline) }
    try screen.print(fields)
    try screen.heading("use it")
    try screen.print("auth: {preset: \(TerminalText.escaped(preset.id))}")
    for (title, bytes) in [("what it stands for", preset.auth), ("handshake", preset.handshake)] where !bytes.isEmpty {
      try screen.heading(title)
      let text = try YAMLWriter.text(.embedded(bytes))
      try screen.print(TerminalText.escaped(text, keepingLineBreaks: true))
    }
  }
}
