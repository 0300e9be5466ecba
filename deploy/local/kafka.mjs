/** Apache Kafka, one node that is broker and controller (KRaft). */
import { randomBytes } from 'node:crypto';
import { existsSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { cached } from './cache.mjs';
import { certificates } from './certificates.mjs';
import { javaHome } from './java.mjs';
import { maven } from './maven.mjs';
import { freePorts } from './ports.mjs';
import { run } from './run.mjs';
import { settingsOf } from './server.mjs';

const VERSION = '4.1.1';
const USERNAME = 'holdfast-test';

const POM = `<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>holdfast.local</groupId><artifactId>kafka</artifactId><version>1</version><packaging>pom</packaging>
  <dependencies>
    <dependency><groupId>org.apache.kafka</groupId><artifactId>kafka_2.13</artifactId><version>${VERSION}</version></dependency>
    <dependency><groupId>org.slf4j</groupId><artifactId>slf4j-simple</artifactId><version>1.7.36</version></dependency>
  </dependencies>
</project>
`;

/** @typedef {{ plain: number, sasl: number, tls: number, controller: number, password: string }} Settings */

/**
 * @param {{ folder: string, say: import('./progress.mjs').Say, overrides?: Readonly<Record<string, string>>, heap?: string }} options
 *   `overrides`: broker settings, by their names in server.properties
 * @returns {Promise<import('./server.mjs').Plan>}
 */
export async function kafka({ folder, say, overrides = {}, heap = '512m' }) {
  const home = await javaHome();
  const jars = await cached(`kafka-${VERSION}`, `kafka: fetching Apache Kafka ${VERSION} (43 MB, once)`, say, async (place, scratch) => {
    writeFileSync(join(scratch, 'pom.xml'), POM);
    await maven('copy-dependencies', { outputDirectory: place, includeScope: 'runtime' }, scratch);
  });
  /** @type {Settings} */
  const settings = await settingsOf(folder, newSettings);
  const { caFile, keystoreFile } = await certificates(folder);
  const passwordFile = join(folder, 'sasl-password');
  writeFileSync(passwordFile, settings.password, { mode: 0o600 });

  const data = join(folder, 'data');
  const config = join(folder, 'server.properties');
  const java = join(home, 'bin/java');
  const logging = [
    '-Dorg.slf4j.simpleLogger.defaultLogLevel=warn',
    '-Dorg.slf4j.simpleLogger.showDateTime=true',
    '-Dorg.slf4j.simpleLogger.dateTimeFormat=HH:mm:ss.SSS',
    '-Dorg.slf4j.simpleLogger.log.kafka.server.KafkaRaftServer=info',
  ];
  const classes = ['-cp', join(jars, '*')];
  const properties = { ...brokerProperties(settings, data, keystoreFile), ...overrides };

  return {
    name: 'kafka',
    folder,
    dataFolder: data,
    env: {
      HOLDFAST_TEST_KAFKA_BROKERS: `127.0.0.1:${settings.plain}`,
      HOLDFAST_TEST_KAFKA_SASL_BROKERS: `127.0.0.1:${settings.sasl}`,
      HOLDFAST_TEST_KAFKA_SASL_USERNAME: USERNAME,
      HOLDFAST_TEST_KAFKA_SASL_PASSWORD: settings.password,
      HOLDFAST_TEST_KAFKA_SASL_PASSWORD_FILE: passwordFile,
      HOLDFAST_TEST_KAFKA_TLS_BROKERS: `127.0.0.1:${settings.tls}`,
      HOLDFAST_TEST_KAFKA_CA_FILE: caFile,
    },
    programs: [
      {
        name: 'kafka',
        logFile: join(folder, 'kafka.log'),
        start: {
          command: java,
          args: [`-Xms${heap}`, `-Xmx${heap}`, '-XX:+UseG1GC', '-Djava.awt.headless=true', ...logging, ...classes, 'kafka.Kafka', config],
          cwd: folder,
          env: process.env,
        },
        // The ports open long before: after a kill the broker still replays its log then.
        ready: (log) => log.includes('Kafka Server started'),
      },
    ],
    async prepare() {
      writeFileSync(
        config,
        Object.entries(properties)
          .map(([name, value]) => `${name}=${value}\n`)
          .join(''),
      );
      if (existsSync(data)) return;
      // Formatted under another name, so that a folder called `data` is always a formatted one.
      const part = `${data}.part`;
      const formatting = join(folder, 'format.properties');
      rmSync(part, { recursive: true, force: true });
      writeFileSync(
        formatting,
        Object.entries({ ...properties, 'log.dirs': part })
          .map(([name, value]) => `${name}=${value}\n`)
          .join(''),
      );
      const id = randomBytes(16).toString('base64url').replace(/^-/, 'A');
      await run(java, [
        ...['-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1', ...logging, ...classes, 'kafka.tools.StorageTool', 'format'],
        ...['-t', id, '-c', formatting, '--add-scram', `SCRAM-SHA-256=[name=${USERNAME},password=${settings.password}]`],
      ]);
      renameSync(part, data);
    },
  };
}

/** @returns {Promise<Settings>} */
async function newSettings() {
  const [plain, sasl, tls, controller] = await freePorts(4);
  if (!plain || !sasl || !tls || !controller) throw new Error('no ports for Kafka');
  return { plain, sasl, tls, controller, password: randomBytes(18).toString('hex') };
}

/**
 * @param {Settings} settings
 * @param {string} data
 * @param {string} keystoreFile
 * @returns {Record<string, string>}
 */
function brokerProperties({ plain, sasl, tls, controller }, data, keystoreFile) {
  const clients = `PLAINTEXT://127.0.0.1:${plain},SASL_PLAINTEXT://127.0.0.1:${sasl},SSL://127.0.0.1:${tls}`;
  return {
    'process.roles': 'broker,controller',
    'node.id': '1',
    'controller.quorum.voters': `1@127.0.0.1:${controller}`,
    listeners: `${clients},CONTROLLER://127.0.0.1:${controller}`,
    'advertised.listeners': clients,
    'listener.security.protocol.map': 'CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,SASL_PLAINTEXT:SASL_PLAINTEXT,SSL:SSL',
    'controller.listener.names': 'CONTROLLER',
    'inter.broker.listener.name': 'PLAINTEXT',
    'sasl.enabled.mechanisms': 'SCRAM-SHA-256',
    'listener.name.sasl_plaintext.scram-sha-256.sasl.jaas.config': 'org.apache.kafka.common.security.scram.ScramLoginModule required;',
    'ssl.keystore.type': 'PEM',
    'ssl.keystore.location': keystoreFile,
    'log.dirs': data,
    'auto.create.topics.enable': 'false',
    // The largest record that must be archived is 10 MB; batches of several are larger.
    'message.max.bytes': '20971520',
    'replica.fetch.max.bytes': '20971520',
    'log.retention.check.interval.ms': '5000',
    'offsets.topic.replication.factor': '1',
    'offsets.topic.num.partitions': '4',
    'transaction.state.log.replication.factor': '1',
    'transaction.state.log.min.isr': '1',
    'transaction.state.log.num.partitions': '4',
    'share.coordinator.state.topic.replication.factor': '1',
    'share.coordinator.state.topic.min.isr': '1',
    // A test must not wait half a minute until a killed consumer or broker is given up.
    'group.initial.rebalance.delay.ms': '0',
    'group.min.session.timeout.ms': '1000',
    'broker.session.timeout.ms': '1500',
    'broker.heartbeat.interval.ms': '300',
  };
}
