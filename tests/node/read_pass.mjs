// Re-reads .pkpass files by an implementation that is not ours and prints the fields of each as a line of JSON.
// Usage: node read_pass.mjs FILE.pkpass...
import { readFile } from "node:fs/promises";
import passJs from "@walletpass/pass-js";

for (const path of process.argv.slice(2)) {
  const file = await readFile(path);
  // Plain http is what a demo on loopback serves; Wallet itself would ask for https.
  const template = await passJs.Template.fromBuffer(file, { allowHttp: true });
  const images = [...template.images.keys()].sort();
  process.stdout.write(`${JSON.stringify({ style: template.style, images, pass: template.fields })}\n`);
}
