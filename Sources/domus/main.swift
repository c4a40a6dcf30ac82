import Commands

EntryPoint.prepare(CommandLine.arguments)
await EntryPoint.run(CommandLine.arguments)
