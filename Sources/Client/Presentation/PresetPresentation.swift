package import HeadgateProto

extension PresetInfo {
  /// The form for scripts.
  package var json: JSONValue {
    [
      "id": .string(id), "mode": .string(mode), "auth": auth.isEmpty ? .null : .embedded(auth),
      "event_path": .textOrNull(eventPath), "delivery_path": .textOrNull(deliveryPath),
      "handshake": handshake.isEmpty ? .null : .embedded(handshake),
      "split": split.isEmpty ? .null : .array(split.map { .string($0) }),
      "deadline_ms": deadlineMs == 0 ? .null : .integer(deadlineMs),
    ]
  }

  /// Within which time the provider wants its answer: "4.5s"; empty: not known.
  package var deadline: String { deadlineMs == 0 ? "" : DurationText.text(microseconds: Int64(deadlineMs) * 1000) }
}

/// Presets as a table.
package enum PresetTable {
  package static func table(_ presets: [PresetInfo]) -> Table {
    Table(
      [
        Table.Column("PRESET"), Table.Column("MODE"), Table.Column("EVENT", cutTo: 12), Table.Column("WITHIN", .right),
        Table.Column("HANDSHAKE"),
      ],
      rows: presets.map { preset in
        [
          Table.Cell(preset.id, .bold), Table.Cell(preset.mode), Table.Cell(preset.eventPath), Table.Cell(preset.deadline),
          Table.Cell(preset.handshake.isEmpty ? "" : "yes"),
        ]
      })
  }
}
