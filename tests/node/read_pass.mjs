// Re-reads a .pkpass by an implementation that is not ours and prints its fields as JSON.
// Usage: node read_pass.mjs FILE.pkpass
import { readFile } from "node:fs/promises";
import passJs from "@walletpass/pass-js";

const file = await readFile(process.argv[2]);
// Plain http is what a demo on loopback serves; Wallet itself would ask for https.
const template = await passJs.Template.fromBuffer(file, { allowHttp: true });
const images = [...template.images.keys()].sort();
process.stdout.write(JSON.stringify({ style: template.style, images, pass: template.fields }));
