internal import JSON

/// With which methods a trigger may be called. Default: POST.
///
/// HEAD is answered wherever GET is, and never starts a run: whoever sends HEAD looks whether a link leads somewhere.
package struct AllowedMethods: Hashable, Sendable {
  /// The methods that can be allowed.
  package enum Method: String, CaseIterable, Sendable {
    case get = "GET"
    case post = "POST"
    case put = "PUT"
    case patch = "PATCH"
    case delete = "DELETE"
  }

  /// In the order of `Method`.
  package let methods: [Method]
  private let names: [[UInt8]]

  /// Makes a set.
  package init(_ methods: Set<Method> = [.post]) {
    self.methods = Method.allCases.filter(methods.contains)
    names = self.methods.map { Array($0.rawValue.utf8) }
  }

  /// Whether the method may start a run. Names are compared with case (RFC 9110 §9.1).
  package func allows(_ method: [UInt8]) -> Bool { names.contains(method) }

  /// Whether the method is HEAD where GET is allowed.
  package func answersHead(_ method: [UInt8]) -> Bool { methods.contains(.get) && method.elementsEqual("HEAD".utf8) }

  /// The value of `Allow` (RFC 9110 §10.2.1).
  package var allowField: String {
    (methods.map(\.rawValue) + (methods.contains(.get) ? ["HEAD"] : [])).joined(separator: ", ")
  }

  /// Reads `methods: [POST, …]`.
  static func parse(_ fields: FieldReader, faults: inout [ConfigurationFault]) -> AllowedMethods {
    guard let value = fields.value("methods") else { return AllowedMethods() }
    let known = Method.allCases.map(\.rawValue)
    var found: Set<Method> = []
    for (element, path) in fields.elements("methods", limit: known.count, faults: &faults) {
      guard let text = element.string else {
        faults.append(ConfigurationFault(path, .wrongType, "A text is expected, not \(FieldReader.typeName(element))."))
        continue
      }
      guard let method = Method(rawValue: text.uppercased()) else {
        let hint = text.uppercased() == "HEAD" ? " HEAD is answered where GET is allowed." : ""
        faults.append(
          ConfigurationFault(
            path, .invalidValue, "\(Spelling.quoted(text)) is none of \(Spelling.alternatives(known)).\(hint)"))
        continue
      }
      if !found.insert(method).inserted {
        faults.append(ConfigurationFault(path, .duplicate, "\(method.rawValue) stands in the list already."))
      }
    }
    if value.kind == .array, value.count == 0 {
      faults.append(fields.fault("methods", .required, "At least one method must be allowed; without the field it is POST."))
    }
    return found.isEmpty ? AllowedMethods() : AllowedMethods(found)
  }

  func writeCanonical(to writer: inout JSONWriter) {
    writer.beginArray()
    for method in methods { writer.string(method.rawValue) }
    writer.endArray()
  }
}
