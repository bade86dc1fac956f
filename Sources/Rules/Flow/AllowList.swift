package import Addresses
internal import JSON

/// From where a trigger may be called. Empty lists allow everyone.
package struct AllowList: Hashable, Sendable {
  /// Addresses and blocks.
  package var addresses: [CIDRBlock]
  /// Origins of browsers; when there are any, a request without an allowed one is refused.
  package var origins: [OriginPattern]

  /// Makes a list.
  package init(addresses: [CIDRBlock] = [], origins: [OriginPattern] = []) {
    self.addresses = addresses
    self.origins = origins
  }

  /// Whether it says nothing.
  package var isEmpty: Bool { addresses.isEmpty && origins.isEmpty }

  /// Reads `allow: {ips: […], origins: […]}`.
  static func parse(_ json: JSONValue, at path: String, faults: inout [ConfigurationFault]) -> AllowList {
    guard let fields = FieldReader(json, at: path, known: ["ips", "origins"], faults: &faults) else { return AllowList() }
    var list = AllowList()
    list.addresses = entries(
      fields, "ips", limit: FlowLimits.addresses, faults: &faults
    ) { text throws(AddressSyntaxError) in try CIDRBlock(parsing: text) }
    list.origins = entries(
      fields, "origins", limit: FlowLimits.origins, faults: &faults
    ) { text throws(AddressSyntaxError) in try OriginPattern(parsing: text) }
    return list
  }

  /// Reads a list of texts; a second writing of the same entry is a fault.
  private static func entries<Entry: Hashable>(
    _ fields: FieldReader, _ name: String, limit: Int, faults: inout [ConfigurationFault],
    parse: (String) throws(AddressSyntaxError) -> Entry
  ) -> [Entry] {
    var result: [Entry] = []
    var seen: Set<Entry> = []
    for (value, path) in fields.elements(name, limit: limit, faults: &faults) {
      guard let text = value.string else {
        faults.append(ConfigurationFault(path, .wrongType, "A text is expected, not \(FieldReader.typeName(value))."))
        continue
      }
      do throws(AddressSyntaxError) {
        let entry = try parse(text)
        if seen.insert(entry).inserted {
          result.append(entry)
        } else {
          faults.append(ConfigurationFault(path, .duplicate, "\(Spelling.quoted(text)) stands in the list already."))
        }
      } catch {
        faults.append(ConfigurationFault(path, .invalidValue, "\(Spelling.quoted(text)): \(error)."))
      }
    }
    return result
  }

  func writeCanonical(to writer: inout JSONWriter) {
    writer.beginObject()
    if !addresses.isEmpty {
      writer.key("ips")
      writer.beginArray()
      for block in addresses { writer.string(block.description) }
      writer.endArray()
    }
    if !origins.isEmpty {
      writer.key("origins")
      writer.beginArray()
      for origin in origins { writer.string(origin.description) }
      writer.endArray()
    }
    writer.endObject()
  }
}
