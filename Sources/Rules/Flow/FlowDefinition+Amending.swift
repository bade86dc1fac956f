internal import Addresses
internal import JSON

/// What is to be added to a trigger.
package struct TriggerAmendment: Hashable, Sendable {
  /// A variable and where it comes from.
  package struct Line: Hashable, Sendable {
    package var variable: String
    /// A path or a template.
    package var from: String

    package init(variable: String, from: String) {
      self.variable = variable
      self.from = from
    }
  }

  /// Added to the mapping, or put in the place of the source of a line for the same variable, which keeps its type, default
  /// and `required`.
  package var map: [Line]
  /// Addresses or CIDR blocks, added to the allowed ones.
  package var addresses: [String]
  /// Origins, added to the allowed ones.
  package var origins: [String]

  package init(map: [Line] = [], addresses: [String] = [], origins: [String] = []) {
    self.map = map
    self.addresses = addresses
    self.origins = origins
  }
}

extension FlowDefinition {
  /// This flow with a trigger amended, checked as a whole. What the trigger has already is not added again.
  ///
  /// - Throws: Every fault. Those of what was to be added are at "map[0].from", "allow_ips[0]" and "allow_origins[0]" of the
  ///   amendment, others inside of the node as with `replacing(node:with:)`.
  package func amending(node id: String, with amendment: TriggerAmendment) throws(InvalidFlow) -> ParsedFlow {
    guard let node = nodes.first(where: { $0.id == id }), node.trigger != nil,
      let document = try? JSONDocument(node.canonicalJSON)
    else {
      throw InvalidFlow(faults: [ConfigurationFault("id", .unknownReference, "There is no trigger \(Spelling.quoted(id)).")])
    }
    var amended = AmendedNode(document.root)
    try amended.add(amendment)
    do throws(InvalidFlow) {
      return try replacing(node: id, with: amended.json)
    } catch {
      throw InvalidFlow(
        faults: error.faults.map { ConfigurationFault(amended.pathOfAmendment($0.path), $0.code, $0.message) })
    }
  }
}

/// A node's JSON while something is added to it.
private struct AmendedNode {
  private let node: JSONValue
  private var map: [[UInt8]]
  private var addresses: [String]
  private var origins: [String]
  /// Where in the node what came from the amendment stands: "map[4]" is its "map[0]".
  private var places: [(inNode: String, inAmendment: String)] = []

  init(_ node: JSONValue) {
    self.node = node
    map = node["map"]?.elements.map { Array($0.raw) } ?? []
    addresses = node["allow"]?["ips"]?.elements.compactMap(\.string) ?? []
    origins = node["allow"]?["origins"]?.elements.compactMap(\.string) ?? []
  }

  mutating func add(_ amendment: TriggerAmendment) throws(InvalidFlow) {
    var variables: [String: Int] = [:]
    var faults: [ConfigurationFault] = []
    for (index, line) in (node["map"]?.elements.map { $0["variable"]?.string ?? "" } ?? []).enumerated() {
      variables[line] = index
    }
    var added: Set<String> = []
    for (index, line) in amendment.map.enumerated() {
      guard added.insert(line.variable).inserted else {
        faults.append(
          ConfigurationFault("map[\(index)].variable", .duplicate, "\(Spelling.quoted(line.variable)) stands here twice."))
        continue
      }
      let known = variables[line.variable]
      let json = Self.json(line, in: known.flatMap { node["map"]?[$0] })
      if let known { map[known] = json } else { map.append(json) }
      places.append(("map[\(known ?? map.count - 1)]", "map[\(index)]"))
    }
    guard faults.isEmpty else { throw InvalidFlow(faults: faults) }
    for (index, text) in amendment.addresses.enumerated() {
      let block = CIDRBlock(text)
      guard !addresses.contains(where: { $0 == text || (block != nil && CIDRBlock($0) == block) }) else { continue }
      addresses.append(text)
      places.append(("allow.ips[\(addresses.count - 1)]", "allow_ips[\(index)]"))
    }
    for (index, text) in amendment.origins.enumerated() where !origins.contains(text) {
      origins.append(text)
      places.append(("allow.origins[\(origins.count - 1)]", "allow_origins[\(index)]"))
    }
  }

  /// The line as JSON, with what the line before it had besides its source.
  private static func json(_ line: TriggerAmendment.Line, in before: JSONValue?) -> [UInt8] {
    var writer = JSONWriter()
    writer.beginObject()
    writer.key("variable")
    writer.string(line.variable)
    writer.key("from")
    writer.string(line.from)
    if let before {
      for (key, value) in before.members where key.string != "variable" && key.string != "from" {
        writer.key(key.stringBytes ?? [])
        writer.value(value)
      }
    }
    writer.endObject()
    return writer.bytes
  }

  var json: [UInt8] {
    var writer = JSONWriter()
    writer.beginObject()
    for (key, value) in node.members where key.string != "map" && key.string != "allow" {
      writer.key(key.stringBytes ?? [])
      writer.value(value)
    }
    if !map.isEmpty {
      writer.key("map")
      writer.beginArray()
      for line in map { writer.raw(line) }
      writer.endArray()
    }
    if !addresses.isEmpty || !origins.isEmpty {
      writer.key("allow")
      writer.beginObject()
      for (name, texts) in [("ips", addresses), ("origins", origins)] where !texts.isEmpty {
        writer.key(name)
        writer.beginArray()
        for text in texts { writer.string(text) }
        writer.endArray()
      }
      writer.endObject()
    }
    writer.endObject()
    return writer.bytes
  }

  func pathOfAmendment(_ path: String) -> String {
    for place in places where path == place.inNode || path.hasPrefix(place.inNode + ".") {
      return place.inAmendment + path.dropFirst(place.inNode.utf8.count)
    }
    return path
  }
}
