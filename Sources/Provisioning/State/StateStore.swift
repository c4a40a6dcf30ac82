import FoundationEssentials
import GRDB
import GuestModel
import LinuxHost
import Synchronization
import SystemPackage

/// The journal of runs and the records of guests, in one SQLite database, durable after every call, but for what ends with
/// the process anyway.
///
/// `sqlite3 /var/lib/domus/state.sqlite` reads it: the tables are `run`, `effect`, `guest`, `base` and
/// `address`.
package final class StateStore: Sendable {
    private let database: DatabaseQueue
    private let path: String
    private let passing = Mutex<[PassingEffect]>([])

    /// What ends with this process even if nobody takes it back. It is not written down: fdatasync waits until all that
    /// is on its way to the disk has come there, and behind a guest's image that would be a third of a clone's time.
    private struct PassingEffect {
        let run: String
        let entry: EffectEntry
        /// The durable effect before it.
        let predecessor: Int64
    }

    /// Opens the database in the directory, which must exist, and makes it at the first use.
    package convenience init(directory: FilePath) throws(StateError) {
        let path = directory.appending("state.sqlite").string
        do {
            var configuration = Configuration()
            configuration.busyMode = .timeout(20)
            configuration.prepareDatabase { database in
                // The default of SQLite in WAL mode would lose the last transactions in a power cut.
                try database.execute(sql: "PRAGMA journal_mode = DELETE; PRAGMA synchronous = EXTRA")
            }
            try self.init(DatabaseQueue(path: path, configuration: configuration), path: path)
        } catch {
            throw StateError(error, path: path)
        }
    }

    /// A store that lives as long as the value, for tests.
    package static func inMemory() throws -> StateStore {
        try StateStore(DatabaseQueue(), path: "memory")
    }

    private init(_ database: DatabaseQueue, path: String) throws {
        self.database = database
        self.path = path
        var migrator = DatabaseMigrator()
        migrator.registerMigration("1") { database in
            try database.execute(
                sql: """
                    CREATE TABLE run (
                        id TEXT PRIMARY KEY, command TEXT NOT NULL, guest TEXT NOT NULL, process TEXT NOT NULL,
                        started INTEGER NOT NULL, log TEXT);
                    -- One run on a guest at a time, whoever starts it.
                    CREATE UNIQUE INDEX run_guest ON run (guest);
                    CREATE TABLE effect (
                        number INTEGER PRIMARY KEY AUTOINCREMENT, run TEXT NOT NULL REFERENCES run (id),
                        step TEXT NOT NULL, undo TEXT NOT NULL);
                    CREATE TABLE guest (name TEXT PRIMARY KEY, record TEXT NOT NULL);
                    """)
        }
        migrator.registerMigration("2") { database in
            try database.execute(
                sql: "CREATE TABLE base (volume TEXT PRIMARY KEY, created INTEGER NOT NULL, record TEXT NOT NULL)")
        }
        migrator.registerMigration("3") { database in
            // A base may be in a file: what was its volume's UUID is its place's key.
            try database.execute(sql: "ALTER TABLE base RENAME COLUMN volume TO place")
        }
        migrator.registerMigration("4") { database in
            try database.execute(
                sql: "CREATE TABLE address (address TEXT PRIMARY KEY, guest TEXT NOT NULL, process TEXT NOT NULL)")
        }
        // Others that use the directory for the first time too may be quicker, with one table or with all: what they have
        // done meanwhile is not done again, and there is no more of it than there are migrations.
        for _ in migrator.migrations {
            if (try? migrator.migrate(database)) != nil { return }
        }
        try migrator.migrate(database)
    }

    // MARK: Runs

    /// Opens a run: from here on the guest's name is this run's.
    ///
    /// - Parameter isRunning: whether a marked process still lives.
    /// - Throws: ``StateError/busy(_:)`` or ``StateError/unfinished(_:)`` when another run has the name.
    package func begin(_ run: RunEntry, isRunning: (ProcessMark) -> Bool) throws(StateError) {
        let other: RunEntry? = try write { database in
            if let row = try Row.fetchOne(database, sql: "SELECT * FROM run WHERE guest = ?", arguments: [run.guest]) {
                return try Self.run(from: row)
            }
            try database.execute(
                sql: "INSERT INTO run (id, command, guest, process, started, log) VALUES (?, ?, ?, ?, ?, ?)",
                arguments: [run.id, run.command, run.guest, Self.encode(run.process), run.started, run.log])
            return nil
        }
        guard let other else { return }
        throw isRunning(other.process) ? .busy(other) : .unfinished(other)
    }

    /// The runs that have not ended, oldest first.
    package func runs() throws(StateError) -> [RunEntry] {
        try read { database in
            try Row.fetchAll(database, sql: "SELECT * FROM run ORDER BY started, id").map(Self.run(from:))
        }
    }

    /// Whether some run that has not ended would take this back.
    package func isIntended(_ undo: Undo) throws(StateError) -> Bool {
        try read { database in
            try Bool.fetchOne(
                database, sql: "SELECT EXISTS (SELECT 1 FROM effect WHERE undo = ?)", arguments: [Self.encode(undo)])
                ?? false
        }
    }

    /// Notes what is about to be done: durably, unless it ends with this process.
    package func intend(_ undo: Undo, step: String, run: String) throws(StateError) -> Int64 {
        if undo.endsWithProcess { return try intendPassing(undo, step: step, run: run) }
        return try write { database in
            try database.execute(
                sql: "INSERT INTO effect (run, step, undo) VALUES (?, ?, ?)",
                arguments: [run, step, Self.encode(undo)])
            return database.lastInsertedRowID
        }
    }

    private func intendPassing(_ undo: Undo, step: String, run: String) throws(StateError) -> Int64 {
        let predecessor: Int64 = try read { database in
            try Int64.fetchOne(database, sql: "SELECT max(number) FROM effect WHERE run = ?", arguments: [run]) ?? 0
        }
        return passing.withLock { passing in
            // The database's own are positive.
            let number = (passing.last?.entry.number ?? 0) - 1
            passing.append(
                PassingEffect(
                    run: run, entry: EffectEntry(number: number, step: step, undo: undo), predecessor: predecessor))
            return number
        }
    }

    /// Notes what was really made, once its identity is known.
    package func amend(_ number: Int64, undo: Undo) throws(StateError) {
        try write { database in
            try database.execute(
                sql: "UPDATE effect SET undo = ? WHERE number = ?", arguments: [Self.encode(undo), number])
        }
    }

    /// Forgets an effect that has been taken back.
    package func forget(_ number: Int64) throws(StateError) {
        guard number > 0 else { return passing.withLock { $0.removeAll { $0.entry.number == number } } }
        try write { database in
            try database.execute(sql: "DELETE FROM effect WHERE number = ?", arguments: [number])
        }
    }

    /// The effects of a run, oldest first.
    package func effects(of run: String) throws(StateError) -> [EffectEntry] {
        let durable = try read { database in
            try Row.fetchAll(database, sql: "SELECT * FROM effect WHERE run = ? ORDER BY number", arguments: [run])
                .map { row in
                    EffectEntry(
                        number: row["number"], step: row["step"], undo: try Self.decode(Undo.self, row["undo"]))
                }
        }
        return passing.withLock { $0.filter { $0.run == run } }.reduce(into: durable) { effects, effect in
            // Those before it that are left may be fewer by now.
            let place = effects.firstIndex { $0.number > effect.predecessor } ?? effects.endIndex
            effects.insert(effect.entry, at: place)
        }
    }

    /// What is left to do when a run has reached its goal: from that moment it is finished forwards, never taken back.
    ///
    /// One transaction: the record appears or goes, and the journal turns from taking back to tidying up.
    ///
    /// - Parameter places: the keys of the places of bases that go.
    package func commit(
        run: String, saving record: GuestRecord? = nil, removing name: String? = nil,
        savingBase base: BaseRecord? = nil, removingBases places: [String] = [], tidying: [Undo] = []
    ) throws(StateError) {
        try write { database in
            if let record {
                try database.execute(
                    sql: "INSERT OR REPLACE INTO guest (name, record) VALUES (?, ?)",
                    arguments: [record.hostname, Self.encode(record)])
                if let base = record.base { try Self.noteUse(of: base, at: record.created, in: database) }
            }
            if let name { try database.execute(sql: "DELETE FROM guest WHERE name = ?", arguments: [name]) }
            for place in places {
                try database.execute(sql: "DELETE FROM base WHERE place = ?", arguments: [place])
            }
            if let base { try Self.save(base, in: database) }
            try database.execute(sql: "DELETE FROM effect WHERE run = ?", arguments: [run])
            // Undone last to first: the order of tidying is kept by writing it backwards.
            for undo in tidying.reversed() {
                try database.execute(
                    sql: "INSERT INTO effect (run, step, undo) VALUES (?, ?, ?)",
                    arguments: [run, "Tidy up", Self.encode(undo)])
            }
        }
        passing.withLock { $0.removeAll { $0.run == run } }
    }

    private static func save(_ base: BaseRecord, in database: Database) throws {
        try database.execute(
            sql: """
                INSERT INTO base (place, created, record) VALUES (?, ?, ?)
                ON CONFLICT (place) DO UPDATE SET created = excluded.created, record = excluded.record
                """,
            arguments: [base.place.key, base.created, encode(base)])
    }

    /// A clone of a base was made: it is pruned later than others.
    private static func noteUse(of id: String, at seconds: Int64, in database: Database) throws {
        let texts = try String.fetchAll(database, sql: "SELECT record FROM base")
        for var base in try texts.map({ try decode(BaseRecord.self, $0) }) where base.id == id {
            // A guest's record is saved again when it is changed, and then this one is not the last that was made.
            base.used = max(base.used ?? 0, seconds)
            try save(base, in: database)
        }
    }

    /// Closes a run and gives the guest's name free.
    package func end(run: String) throws(StateError) {
        try write { database in
            try database.execute(sql: "DELETE FROM effect WHERE run = ?", arguments: [run])
            try database.execute(sql: "DELETE FROM run WHERE id = ?", arguments: [run])
        }
        passing.withLock { $0.removeAll { $0.run == run } }
    }

    // MARK: Records

    /// The record of a guest; nil for a name that Domus does not know.
    package func record(named name: String) throws(StateError) -> GuestRecord? {
        try read { database in
            try String.fetchOne(database, sql: "SELECT record FROM guest WHERE name = ?", arguments: [name])
                .map { try Self.decode(GuestRecord.self, $0) }
        }
    }

    /// All records, by name.
    package func records() throws(StateError) -> [GuestRecord] {
        try read { database in
            try String.fetchAll(database, sql: "SELECT record FROM guest ORDER BY name")
                .map { try Self.decode(GuestRecord.self, $0) }
        }
    }

    /// Notes that a base held what was written, or, with nil, that it does not. One that is gone by now is not made again.
    package func note(_ verification: BaseRecord.Verification?, ofBaseAt place: BaseRecord.Place) throws(StateError) {
        try write { database in
            let text = try String.fetchOne(
                database, sql: "SELECT record FROM base WHERE place = ?", arguments: [place.key])
            guard var base = try text.map({ try Self.decode(BaseRecord.self, $0) }) else { return }
            base.verified = verification
            try Self.save(base, in: database)
        }
    }

    /// All bases, the newest first.
    package func bases() throws(StateError) -> [BaseRecord] {
        try read { database in
            try String.fetchAll(database, sql: "SELECT record FROM base ORDER BY created DESC, rowid DESC")
                .map { try Self.decode(BaseRecord.self, $0) }
        }
    }

    // MARK: Addresses

    /// Gives a guest addresses of a pool that no other has, and keeps other processes from them until ``release(_:)``, or
    /// until the process is gone. A guest that is to be replaced has its own again.
    ///
    /// - Parameters:
    ///   - taken: what is known to be somebody's elsewhere.
    ///   - isRunning: whether a marked process still lives.
    /// - Returns: fewer than were asked for where the pool has no more.
    package func reserve(
        _ count: Int, of pool: AddressPool, besides taken: Set<IPAddress>, for guest: String, process: ProcessMark,
        isRunning: (ProcessMark) -> Bool
    ) throws(StateError) -> [InterfaceAddress] {
        try write { database in
            let found = try Self.free(count, of: pool, besides: taken, for: guest, process, isRunning, in: database)
            // What is replaced is this process's own, or nobody's any more.
            for address in found {
                try database.execute(
                    sql: "INSERT OR REPLACE INTO address (address, guest, process) VALUES (?, ?, ?)",
                    arguments: [address.address.description, guest, Self.encode(process)])
            }
            return found
        }
    }

    /// The same, and nobody is kept from them.
    package func freeAddresses(
        _ count: Int, of pool: AddressPool, besides taken: Set<IPAddress>, for guest: String,
        isRunning: (ProcessMark) -> Bool
    ) throws(StateError) -> [InterfaceAddress] {
        try read { database in
            try Self.free(count, of: pool, besides: taken, for: guest, nil, isRunning, in: database)
        }
    }

    /// Ends what a process has reserved: its guests are in the records, or are not made.
    package func release(_ process: ProcessMark) throws(StateError) {
        try write { database in
            try database.execute(sql: "DELETE FROM address WHERE process = ?", arguments: [Self.encode(process)])
        }
    }

    private static func free(
        _ count: Int, of pool: AddressPool, besides others: Set<IPAddress>, for guest: String, _ process: ProcessMark?,
        _ isRunning: (ProcessMark) -> Bool, in database: Database
    ) throws -> [InterfaceAddress] {
        var taken = others
        for row in try Row.fetchAll(database, sql: "SELECT * FROM address") {
            let owner = try decode(ProcessMark.self, row["process"])
            // Another process may be making a guest of the same name.
            guard owner != process || row["guest"] != guest, isRunning(owner) else { continue }
            taken.insert(try IPAddress(parsing: row["address"]))
        }
        var own: [IPAddress] = []
        for text in try String.fetchAll(database, sql: "SELECT record FROM guest") {
            let record = try decode(GuestRecord.self, text)
            let addresses = try record.interfaces.flatMap(\.addresses).map {
                try IPAddress(parsing: String($0.prefix { $0 != "/" }))
            }
            if record.hostname == guest { own += addresses } else { taken.formUnion(addresses) }
        }
        let former = own.filter { !taken.contains($0) }.compactMap(pool.member).prefix(count)
        let further = pool.first(count - former.count) { address in
            !taken.contains(address) && !former.contains { $0.address == address }
        }
        return former + further
    }

    // MARK: Plumbing

    private func write<Value: Sendable>(_ body: (Database) throws -> Value) throws(StateError) -> Value {
        do {
            return try database.write(body)
        } catch {
            throw StateError(error, path: path)
        }
    }

    private func read<Value: Sendable>(_ body: (Database) throws -> Value) throws(StateError) -> Value {
        do {
            return try database.read(body)
        } catch {
            throw StateError(error, path: path)
        }
    }

    private static func run(from row: Row) throws -> RunEntry {
        RunEntry(
            id: row["id"], command: row["command"], guest: row["guest"],
            process: try decode(ProcessMark.self, row["process"]), started: row["started"], log: row["log"])
    }

    private static func encode(_ value: some Encodable) throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return String(decoding: try encoder.encode(value), as: UTF8.self)
    }

    private static func decode<Value: Decodable>(_ type: Value.Type, _ text: String) throws -> Value {
        try JSONDecoder().decode(type, from: Data(text.utf8))
    }
}

extension StateError {
    fileprivate init(_ error: any Error, path: String) {
        self =
            (error as? DatabaseError)?.resultCode == .SQLITE_FULL
            ? .full(path: path) : .unusable(path: path, reason: "\(error)")
    }
}
