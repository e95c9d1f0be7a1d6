// How to reach the registry: channels with mutual TLS, a purpose and a deadline on every call, refusals as exceptions.
// Copy this file; it knows nothing of what your institution does.

import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";

import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { anyUnpack } from "@bufbuild/protobuf/wkt";
import grpc from "@grpc/grpc-js";

import { BadRequestSchema, ErrorInfoSchema, RetryInfoSchema } from "./gen/google/rpc/error_details_pb.js";
import { StatusSchema } from "./gen/google/rpc/status_pb.js";

const DETAILS = "grpc-status-details-bin";
const LIVE_S = 3; // signs of life that may be missed before a watch counts as broken
const { ABORTED, RESOURCE_EXHAUSTED } = grpc.status;

/** What the registry refused, or a call that came to nothing: `reason` is empty then. */
export class Refused extends Error {
  /** @param {import("@grpc/grpc-js").ServiceError} error as grpc-js gives it */
  constructor(error) {
    super(error.details || error.message, { cause: error });
    this.status = grpc.status[error.code];
    this.code = error.code;
    this.reason = "";
    this.metadata = {}; // "field" among it: the path of the field, or the metadata entry, that is wrong
    this.violations = [];
    this.retryAfterMs = undefined;
    const [packed] = error.metadata?.get(DETAILS) ?? [];
    if (packed) this.#read(fromBinary(StatusSchema, packed));
  }

  #read(status) {
    for (const detail of status.details) {
      const info = anyUnpack(detail, ErrorInfoSchema);
      if (info) [this.reason, this.metadata] = [info.reason, { ...info.metadata }];
      const bad = anyUnpack(detail, BadRequestSchema);
      if (bad) this.violations = bad.fieldViolations.map(({ field, description }) => ({ field, description }));
      const delay = anyUnpack(detail, RetryInfoSchema)?.retryDelay;
      if (delay) this.retryAfterMs = Number(delay.seconds) * 1000 + delay.nanos / 1e6;
    }
  }

  /** Whether the same call, with the same request_id, may succeed after `retryAfterMs`. The channel repeats the rest. */
  get passing() {
    return this.retryAfterMs !== undefined && [ABORTED, RESOURCE_EXHAUSTED].includes(this.code);
  }
}

/** One server of the registry, one connection. */
export class Registry {
  #channel;
  #clients = new Map();

  /**
   * @param {object} to
   * @param {string} to.endpoint host:port
   * @param {string} to.ca file: the operator's authority
   * @param {string} to.certificate file: yours, with your URI in it
   * @param {string} to.key file: its key
   * @param {{legalBasis: string, endUser: string, case: string}} to.purpose why you call
   * @param {string} to.serviceConfig file: retry policy; it comes with the protos
   * @param {number} [to.timeoutMs] deadline of a call
   */
  constructor({ endpoint, ca, certificate, key, purpose, serviceConfig, timeoutMs = 5000 }) {
    const credentials = grpc.credentials.createSsl(...[ca, key, certificate].map((file) => readFileSync(file)));
    this.#channel = new grpc.Channel(endpoint, credentials, {
      "grpc.service_config": readFileSync(serviceConfig, "utf8"),
      "grpc.max_receive_message_length": 16 << 20,
      "grpc.keepalive_time_ms": 60_000,
    });
    this.purpose = purpose;
    this.timeoutMs = timeoutMs;
  }

  /** Make one call with one answer. A call that is refused for now is made again, at most four times. */
  async call(method, request, { timeoutMs = this.timeoutMs } = {}) {
    const client = this.#client(method.parent);
    const send = () =>
      new Promise((resolve, reject) => {
        const deadline = new Date(Date.now() + timeoutMs);
        client[method.localName](request, this.#metadata(), { deadline }, (error, answer) =>
          error ? reject(new Refused(error)) : resolve(answer),
        );
      });
    for (let attempt = 1; ; attempt++) {
      try {
        return await send();
      } catch (refused) {
        if (attempt === 5 || !refused.passing || refused.retryAfterMs > timeoutMs) throw refused;
        await sleep(refused.retryAfterMs + Math.random() * 100);
      }
    }
  }

  /** Yield what a list has, page after page, with the criteria unchanged and no page twice. */
  async *pages(method, request) {
    for (let pageToken = ""; ; ) {
      const page = await this.call(method, { ...request, pageToken });
      yield page;
      pageToken = page.nextPageToken;
      if (!pageToken) return;
    }
  }

  /** Yield the messages of a watch, signs of life too; it is silent for `heartbeatSeconds` at most, else it broke. */
  async *watch(method, request) {
    const stream = this.#client(method.parent)[method.localName](request, this.#metadata());
    const silence = LIVE_S * 1000 * (request.heartbeatSeconds || 10);
    let alarm;
    const wait = () => {
      clearTimeout(alarm);
      alarm = setTimeout(() => stream.cancel(), silence);
    };
    try {
      wait();
      for await (const message of stream) {
        wait();
        yield message;
      }
    } catch (error) {
      throw new Refused(error);
    } finally {
      clearTimeout(alarm);
      stream.cancel();
    }
  }

  close() {
    this.#channel.close();
  }

  #client(service) {
    if (!this.#clients.has(service)) {
      const Client = grpc.makeGenericClientConstructor(definition(service), service.typeName);
      const options = { channelOverride: this.#channel };
      this.#clients.set(service, new Client("unused", null, options));
    }
    return this.#clients.get(service);
  }

  #metadata() {
    const metadata = new grpc.Metadata();
    metadata.set("kruispunt-legal-basis", this.purpose.legalBasis);
    metadata.set("kruispunt-end-user", this.purpose.endUser);
    metadata.set("kruispunt-case", this.purpose.case);
    return metadata;
  }
}

/** Return a service as grpc-js wants it described, from what was generated. */
function definition(service) {
  return Object.fromEntries(
    service.methods.map((method) => [
      method.localName,
      {
        path: `/${service.typeName}/${method.name}`,
        requestStream: ["client_streaming", "bidi_streaming"].includes(method.methodKind),
        responseStream: ["server_streaming", "bidi_streaming"].includes(method.methodKind),
        requestSerialize: (request) => Buffer.from(toBinary(method.input, create(method.input, request))),
        requestDeserialize: (bytes) => fromBinary(method.input, bytes),
        responseSerialize: (response) => Buffer.from(toBinary(method.output, response)),
        responseDeserialize: (bytes) => fromBinary(method.output, bytes),
      },
    ]),
  );
}
