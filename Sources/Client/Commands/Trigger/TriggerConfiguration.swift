import ArgumentParser
import HeadgateProto

/// Where a trigger's configuration comes from: a file, or options for the common fields.
struct TriggerConfigurationOptions: ParsableArguments {
  @Option(
    name: [.short, .customLong("file")],
    help: ArgumentHelp("The node in YAML or JSON, as in a flow file; - for standard input.", valueName: "file"),
    completion: .file(extensions: ["yaml", "yml", "json"]))
  var file: String?

  @Option(
    help: ArgumentHelp(
      "bearer, query, hmac or public. header, basic, ed25519 and ecdsa-p256 have fields that only --file gives.",
      valueName: "mode"), transform: { try ArgumentValues.text($0) })
  var auth: String?

  @Option(
    help: ArgumentHelp("A provider's scheme, such as github, stripe, kiwify, shopify or slack.", valueName: "name"),
    transform: { try ArgumentValues.text($0) })
  var preset: String?

  @Option(
    help: ArgumentHelp("Allow only this address or CIDR block; may be given several times.", valueName: "cidr"),
    transform: { try ArgumentValues.text($0) })
  var allowIP: [String] = []

  @Option(
    help: ArgumentHelp("Allow only this HTTP origin; may be given several times.", valueName: "origin"),
    transform: { try ArgumentValues.text($0) })
  var allowOrigin: [String] = []

  @Option(
    help: ArgumentHelp("Path of the event type, such as body.event.", valueName: "path"),
    transform: { try ArgumentValues.text($0) })
  var eventPath: String?

  @Option(
    name: .customLong("case"), help: ArgumentHelp("An output for an event; may be given several times.", valueName: "id=value"))
  var cases: [String] = []

  @Option(
    name: .customLong("map"), help: ArgumentHelp("A flow variable; may be given several times.", valueName: "variable=path"))
  var mappings: [String] = []

  private var hasFields: Bool {
    auth != nil || preset != nil || !allowIP.isEmpty || !allowOrigin.isEmpty || eventPath != nil || !cases.isEmpty
      || !mappings.isEmpty
  }

  mutating func validate() throws {
    if file != nil, hasFields { throw ValidationError("--file excludes the options for single fields") }
    if file == nil, !hasFields {
      throw ValidationError("nothing to configure: give --file, or options such as --auth bearer")
    }
    for pair in cases { _ = try Self.split(pair, "--case") }
    for pair in mappings { _ = try Self.split(pair, "--map") }
  }

  /// The document of the file; `nil` without `--file`.
  func document(in environment: ClientEnvironment) throws -> ConfigurationDocument? {
    guard let file else { return nil }
    let documents = try ConfigurationDocument.read(try FileReading.bytes(of: file, in: environment), file: file)
    guard documents.count == 1, case .object = documents[0].value.content else {
      throw CommandFailure(.invalid, "\(file) must hold one node, an object with \"type: webhook_trigger\"")
    }
    return documents[0]
  }

  /// The node with the fields of the options set.
  func apply(to node: JSONValue) throws -> JSONValue {
    var node = node
    if auth != nil || preset != nil {
      // Another mode has other fields; none of the old ones are carried over.
      var object: JSONValue = [:]
      // A preset alone brings its mode.
      if let auth { object.set("mode", .string(auth)) }
      if let preset { object.set("preset", .string(preset)) }
      node.set("auth", object)
    }
    var allow = node["allow"] ?? [:]
    if !allowIP.isEmpty { allow.set("ips", .array(allowIP.map { .string($0) })) }
    if !allowOrigin.isEmpty { allow.set("origins", .array(allowOrigin.map { .string($0) })) }
    if allow != [:] { node.set("allow", allow) }
    var events = node["events"] ?? [:]
    if let eventPath { events.set("path", .string(eventPath)) }
    if !cases.isEmpty {
      events.set("cases", .array(try cases.map { try Self.object($0, "--case", "id", "value") }))
    }
    if events != [:] { node.set("events", events) }
    if !mappings.isEmpty {
      node.set("map", .array(try mappings.map { try Self.object($0, "--map", "variable", "from") }))
    }
    return node
  }

  private static func object(_ pair: String, _ option: String, _ first: String, _ second: String) throws -> JSONValue {
    let (left, right) = try split(pair, option)
    return .object([JSONValue.Member(first, .string(left)), JSONValue.Member(second, .string(right))])
  }

  private static func split(_ pair: String, _ option: String) throws -> (String, String) {
    guard let equals = pair.firstIndex(of: "="), equals != pair.startIndex else {
      throw ValidationError("\(option) needs NAME=VALUE, not \"\(pair)\"")
    }
    return (String(pair[..<equals]), String(pair[pair.index(after: equals)...]))
  }
}

/// `headgate trigger create`.
struct TriggerCreate: ClientCommand {
  static let configuration = CommandConfiguration(
    commandName: "create", abstract: "Add a trigger to a flow and publish the flow.",
    discussion: """
      The flow is created when there is none. A secret is generated unless the file has one.

      Example: headgate trigger create orders/hook --auth hmac --preset kiwify
      Example: headgate trigger create orders/hook -f node.yaml
      """)

  @Argument(help: ArgumentHelp("The flow and the new node's id.", valueName: "flow/node"))
  var name: String

  @OptionGroup var configurationOptions: TriggerConfigurationOptions

  @Flag(help: "Save the draft only; the URL answers once the flow is published.")
  var draft = false

  @OptionGroup(title: "Global options") var global: GlobalOptions

  mutating func validate() throws { _ = try parts() }

  private func parts() throws -> (flow: String, node: String) {
    let parts = name.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
    guard parts.count == 2, parts.allSatisfy({ !$0.isEmpty }) else {
      throw ValidationError("\"\(name)\" is not FLOW/NODE")
    }
    return (parts[0], parts[1])
  }

  func run(_ session: Session, _ screen: Screen) async throws {
    let (flow, node) = try parts()
    let document = try configurationOptions.document(in: screen.environment)
    var config: JSONValue = ["id": .string(node), "type": "webhook_trigger"]
    if let document {
      let written = document.value.json
      if let id = written["id"]?.text, id != node {
        throw CommandFailure(.invalid, "\(document.file) is the node \"\(id)\", not \"\(node)\"")
      }
      if case .object(let members) = written { for member in members { config.set(member.name, member.value) } }
    } else {
      config = try configurationOptions.apply(to: config)
    }
    let request = CreateTriggerRequest(
      workspace: session.workspace, flow: flow, config: config.bytes, publish: !draft)
    do {
      let trigger = try await session.triggers.create(request)
      try screen.printState(of: session.completed(trigger))
      if !trigger.secrets.isEmpty, screen.format == .table {
        screen.remark("show its secret with: headgate trigger reveal \(TerminalText.escaped("\(trigger.flow)/\(trigger.node)"))")
      }
      if !draft, screen.format == .table {
        screen.remark("try it with: headgate trigger test \(TerminalText.escaped("\(trigger.flow)/\(trigger.node)"))")
      }
      for warning in await session.warnings(of: trigger.flow) { screen.warn(warning) }
    } catch let error as RPCError where !error.faults.isEmpty {
      throw document?.placingNodeFaults(error) ?? CommandFailure(error)
    }
  }
}

/// `headgate trigger update`.
struct TriggerUpdate: TriggerClientCommand {
  static let configuration = CommandConfiguration(
    commandName: "update", abstract: "Change a trigger's configuration and publish the flow.",
    discussion: """
      A file replaces the whole configuration; options change single fields of it. The URL and the secrets stay. A \
      change that someone else made in the meantime is never overwritten.

      Example: headgate trigger update orders/hook --allow-ip 203.0.113.0/24
      Example: headgate trigger show orders/hook -o json | jq .config > node.json
      Example: headgate trigger update orders/hook -f node.json
      """)

  @OptionGroup var trigger: TriggerArgument
  @OptionGroup var configurationOptions: TriggerConfigurationOptions

  @Option(help: ArgumentHelp("Refuse unless the flow's draft has this revision; without it: as just read.", valueName: "number"))
  var revision: UInt64?

  @Flag(help: "Save the draft only.")
  var draft = false

  @OptionGroup(title: "Global options") var global: GlobalOptions

  func run(_ session: Session, _ screen: Screen) async throws {
    let document = try configurationOptions.document(in: screen.environment)
    let present = try await session.triggers.get(GetTriggerRequest(workspace: session.workspace, trigger: trigger.name))
    var config = try document?.value.json ?? configurationOptions.apply(to: .embedded(present.config))
    if config["id"] == nil { config.set("id", .string(present.node)) }
    if config["type"] == nil { config.set("type", "webhook_trigger") }
    let request = UpdateTriggerRequest(
      workspace: session.workspace, trigger: trigger.name, config: config.bytes, revision: revision ?? present.revision,
      publish: !draft)
    do {
      let trigger = try await session.triggers.update(request)
      try screen.printState(of: session.completed(trigger))
      for warning in await session.warnings(of: trigger.flow) { screen.warn(warning) }
    } catch let error as RPCError where !error.faults.isEmpty {
      throw document?.placingNodeFaults(error) ?? CommandFailure(error)
    }
  }
}

extension Session {
  /// What applying the flow's draft as it is would warn of: the calls for single triggers carry no warnings.
  ///
  /// The change has been made by now, so that a failure here is none of it: there are no warnings then.
  fileprivate func warnings(of flow: String) async -> [String] {
    guard let flow = try? await flows.get(GetFlowRequest(workspace: workspace, flow: flow)) else { return [] }
    let request = ApplyFlowRequest(workspace: workspace, definition: flow.draft, dryRun: true)
    return (try? await flows.apply(request))?.warnings ?? []
  }
}

extension ConfigurationDocument {
  /// A refused node with the places of its faults, whose paths may begin at the request's field or at the flow.
  func placingNodeFaults(_ error: RPCError) -> CommandFailure {
    var failure = CommandFailure(error)
    failure.faults = error.faults.map { fault in
      var path = FieldPath(fault.path)
      if path.steps.first == .name("config") { path.steps.removeFirst() }
      if path.steps.first == .name("nodes") { path.steps.removeFirst(min(2, path.steps.count)) }
      let position = value.position(of: path, ofName: fault.code == "unknown_field")
      return PlacedFault(fault, place: "\(file):\(position)")
    }
    return failure
  }
}
