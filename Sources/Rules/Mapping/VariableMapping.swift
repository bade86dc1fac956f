package import JSON

/// One line of the mapping: `variable ← path or template`.
package struct VariableMapping: Hashable, Sendable {
  /// The flow variable's name.
  package var variable: String
  /// Where its value comes from.
  package var source: MappingSource
  /// What the value becomes.
  package var type: VariableType
  /// JSON that stands for a value that is not there.
  package var defaultValue: [UInt8]?
  /// Whether the request is refused when there is neither a value nor a default.
  package var isRequired: Bool

  /// Makes a line; `defaultValue` must be JSON of the type.
  package init(
    variable: String, source: MappingSource, type: VariableType = .auto, defaultValue: [UInt8]? = nil, isRequired: Bool = false
  ) {
    self.variable = variable
    self.source = source
    self.type = type
    self.defaultValue = defaultValue
    self.isRequired = isRequired
  }
}

/// What a mapping makes of a request.
package struct MappedVariables: Sendable {
  /// A reason to refuse the request.
  package struct Fault: Hashable, Sendable {
    /// `requiredMissing`, `typeMismatch`, or `bodyTooLarge` when the variables together are.
    package var cause: RefusalCause
    /// Such as "map[1].amount".
    package var at: String
    /// One sentence for the trigger's owner. Contains nothing of the value.
    package var message: String
  }

  /// The most bytes of the JSON: a large value mapped many times must not grow without bound.
  package static let maximumBytes = 3 << 20

  /// A JSON object, the variables in the order of the mapping. A variable without a value is not in it.
  package var json: [UInt8]
  /// Remarks: "default_used", "converted", "absent", "not_utf8".
  package var notes: [DecisionNote]
  /// All of them, in the order of the mapping.
  package var faults: [Fault]
}

extension [VariableMapping] {
  /// Maps a request. A fault of one line does not keep the others from being looked at.
  package func evaluate(in scope: inout TemplateScope, limits: JSONLimits = JSONLimits()) -> MappedVariables {
    var writer = JSONWriter(reservingCapacity: 32 * count + 2)
    var result = MappedVariables(json: [], notes: [], faults: [])
    writer.beginObject()
    for (index, line) in enumerated() {
      let at = { "map[\(index)].\(line.variable)" }
      guard let value = scope.value(of: line.source) else {
        if let json = line.defaultValue {
          writer.key(line.variable)
          writer.raw(json)
          result.notes.append(DecisionNote(at: at(), code: "default_used", message: "\(line.source.text) has no value."))
        } else if line.isRequired {
          let message = "The variable is required, and \(line.source.text) has no value."
          result.faults.append(MappedVariables.Fault(cause: .requiredMissing, at: at(), message: message))
        } else {
          result.notes.append(DecisionNote(at: at(), code: "absent", message: "\(line.source.text) has no value."))
        }
        continue
      }
      let mark = writer.mark
      writer.key(line.variable)
      do throws(Conversion.Mismatch) {
        let isConverted = try Conversion.write(value, as: line.type, limits: limits, to: &writer)
        guard writer.bytes.count <= MappedVariables.maximumBytes else {
          writer.rewind(to: mark)
          let message = "The variables have more than \(MappedVariables.maximumBytes) bytes together."
          result.faults.append(MappedVariables.Fault(cause: .bodyTooLarge, at: at(), message: message))
          continue
        }
        if isConverted {
          let message = "The value was \(value.typeName) and became \(line.type.rawValue)."
          result.notes.append(DecisionNote(at: at(), code: "converted", message: message))
        }
        if value.isRepairedInJSON {
          let message = "The value is not UTF-8; what is not was replaced by U+FFFD."
          result.notes.append(DecisionNote(at: at(), code: "not_utf8", message: message))
        }
      } catch {
        writer.rewind(to: mark)
        result.faults.append(MappedVariables.Fault(cause: .typeMismatch, at: at(), message: error.message))
      }
    }
    writer.endObject()
    result.json = writer.bytes
    return result
  }
}
