// Makes passes of one card by a library that is not ours, for some seconds of processor time.
// Usage: node seal.mjs pass-js|passkit-generator FOLDER SECONDS [FILE]; prints {"rate": passes a second}.
// FOLDER holds card.json, the PNGs, certificate.pem, key.pem, intermediate.pem. FILE gets the last pass.
import { readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const [name, folder, seconds, file] = process.argv.slice(2);
const read = (path) => readFileSync(join(folder, path));
const card = JSON.parse(read("card.json"));
const pictures = Object.fromEntries(
  readdirSync(folder).filter((path) => path.endsWith(".png")).map((path) => [path, read(path)]),
);
const certificates = { wwdr: read("intermediate.pem"), signerCert: read("certificate.pem"), signerKey: read("key.pem") };

// The four values that vary.
const values = (number) => ({
  serial: `serial${number}`,
  stamps: `${number % 11} / 10`,
  status: `Another ${10 - (number % 10)} stamps to your coffee`,
  code: `T1${String(number).padStart(34, "0")}`,
});

const makers = {
  "pass-js": async () => {
    process.env.APPLE_WWDR_CERT_PEM = certificates.wwdr.toString();
    const { Template } = await import("@walletpass/pass-js");
    const { storeCard, barcodes, formatVersion, serialNumber, ...fields } = card;
    const template = new Template("storeCard", fields);
    template.setCertificate(certificates.signerCert.toString());
    template.setPrivateKey(certificates.signerKey.toString());
    for (const [group, lines] of Object.entries(storeCard)) lines.forEach((line) => template[group].add(line));
    for (const [path, data] of Object.entries(pictures)) {
      const [, type, density] = /^(\w+)(?:@(\dx))?\.png$/.exec(path);
      await template.images.add(type, data, density ?? "1x");
    }
    return async ({ serial, stamps, status, code }) => {
      const pass = template.createPass({ serialNumber: serial });
      pass.headerFields.add({ ...storeCard.headerFields[0], value: stamps });
      pass.secondaryFields.add({ ...storeCard.secondaryFields[0], value: status });
      pass.barcodes = [{ ...barcodes[0], message: code }];
      return pass.asBuffer();
    };
  },
  "passkit-generator": async () => {
    const { PKPass } = await import("passkit-generator");
    const { barcodes, serialNumber, ...fields } = card;
    const files = { ...pictures, "pass.json": Buffer.from(JSON.stringify(fields)) };
    return async ({ serial, stamps, status, code }) => {
      const pass = new PKPass(files, certificates, { serialNumber: serial });
      pass.headerFields[0].value = stamps;
      pass.secondaryFields[0].value = status;
      pass.setBarcodes({ ...barcodes[0], message: code });
      return pass.getAsBuffer();
    };
  },
};

const spent = () => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
};

const make = await makers[name]();
let number = 0;
let last;
const work = async (until) => {
  const begun = spent();
  const first = number;
  while (spent() - begun < until) last = await make(values(number++));
  return (number - first) / (spent() - begun);
};
await work(Math.min(1, Number(seconds)));
const rate = await work(Number(seconds));
if (file) writeFileSync(file, last);
process.stdout.write(JSON.stringify({ rate }));
