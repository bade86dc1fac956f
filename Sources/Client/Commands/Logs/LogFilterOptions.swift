import ArgumentParser
import HeadgateProto

/// Which requests are meant: the same options for every command that reads the log.
struct LogFilterOptions: ParsableArguments {
  @Option(help: ArgumentHelp("FLOW/NODE, id or key.", valueName: "trigger"), transform: { try ArgumentValues.text($0) })
  var trigger: [String] = []

  @Option(help: ArgumentHelp("Name or id.", valueName: "flow"), transform: { try ArgumentValues.text($0) })
  var flow: [String] = []

  @Option(help: ArgumentHelp("How it ended; may be given several times.", valueName: "outcome"))
  var outcome: [Outcome] = []

  @Option(help: ArgumentHelp("Why it was refused; may be given several times.", valueName: "cause"))
  var cause: [Cause] = []

  @Option(help: ArgumentHelp("HTTP status that was answered.", valueName: "code"))
  var status: [UInt32] = []

  @Option(help: ArgumentHelp("Event value, exactly.", valueName: "value"))
  var event: [String] = []

  @Option(
    help: ArgumentHelp("Address or CIDR block of the caller.", valueName: "cidr"), transform: { try ArgumentValues.text($0) })
  var ip: [String] = []

  @Option(
    help: ArgumentHelp("The provider's id of the delivery, exactly.", valueName: "id"), transform: { try ArgumentValues.text($0) }
  )
  var deliveryId: [String] = []

  @Option(help: ArgumentHelp("Id of the customer that was bound.", valueName: "id"), transform: { try ArgumentValues.id($0) })
  var customer: [String] = []

  @Option(help: ArgumentHelp("Id of the chat that was bound.", valueName: "id"), transform: { try ArgumentValues.id($0) })
  var chat: [String] = []

  @Option(
    help: ArgumentHelp("Text in the body, at least 3 bytes; a to z as A to Z.", valueName: "text"),
    transform: { try ArgumentValues.text($0) })
  var text: [String] = []

  @Option(
    help: ArgumentHelp("JSON that the body contains, such as '{\"user\": {\"id\": 7}}'.", valueName: "json"),
    transform: { try ArgumentValues.text($0) })
  var json: [String] = []

  @Option(help: ArgumentHelp("Received at or after: a duration back from now (1h, 7d) or a time in RFC 3339.", valueName: "time"))
  var since: Moment?

  @Option(help: ArgumentHelp("Received before: as for --since.", valueName: "time"))
  var until: Moment?

  /// A second value would replace the first without a word, where people expect it to be added.
  mutating func validate() throws {
    for (name, count) in [
      ("trigger", trigger.count), ("flow", flow.count), ("status", status.count), ("event", event.count), ("ip", ip.count),
      ("delivery-id", deliveryId.count), ("customer", customer.count), ("chat", chat.count), ("text", text.count),
      ("json", json.count),
    ] where count > 1 {
      throw ValidationError("--\(name) can be given once only; query for each value by itself")
    }
    if let text = text.first, text.utf8.count < 3 { throw ValidationError("--text must be at least 3 bytes") }
    if let json = json.first, (try? JSONReader.read(json.utf8)) == nil { throw ValidationError("--json must be JSON") }
  }

  /// The name among them that can be mistyped.
  var named: NamedObject? { trigger.first.map { .trigger($0) } ?? flow.first.map { .flow($0) } }

  /// Nothing restricts.
  var isEmpty: Bool {
    trigger.isEmpty && flow.isEmpty && outcome.isEmpty && cause.isEmpty && status.isEmpty && event.isEmpty && ip.isEmpty
      && deliveryId.isEmpty && customer.isEmpty && chat.isEmpty && text.isEmpty && json.isEmpty && since == nil && until == nil
  }

  /// The filter as the control plane takes it.
  func request(workspace: String, now: Timestamp) throws(CommandFailure) -> QueryLogsRequest {
    var request = QueryLogsRequest(
      workspace: workspace, trigger: trigger.first ?? "", flow: flow.first ?? "", outcomes: outcome, causes: cause,
      status: status.first ?? 0, event: event.first.map { Array($0.utf8) }, address: ip.first ?? "",
      sinceUs: since?.timestamp(now: now).microseconds ?? 0, untilUs: until?.timestamp(now: now).microseconds ?? 0)
    request.deliveryId = deliveryId.first.map { Array($0.utf8) } ?? []
    request.customer = customer.first ?? ""
    request.chat = chat.first ?? ""
    request.bodyText = text.first ?? ""
    request.bodyJson = json.first.map { Array($0.utf8) } ?? []
    if request.sinceUs != 0, request.untilUs != 0, request.sinceUs >= request.untilUs {
      throw CommandFailure(.invalid, "--since must be before --until")
    }
    return request
  }
}
