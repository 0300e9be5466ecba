import java.util.List;
import java.util.Map;
import java.util.Properties;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.header.internals.RecordHeader;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/** What Java producers write: codecs in their own framing, default partitioning, headers with null values. Arguments: brokers, topic prefix, count. */
public class JavaProducer {
  public static void main(String[] args) throws Exception {
    int count = Integer.parseInt(args[2]);
    for (String codec : List.of("none", "gzip", "snappy", "lz4", "zstd")) {
      Properties settings = new Properties();
      settings.putAll(Map.of("bootstrap.servers", args[0], "compression.type", codec, "linger.ms", "50", "batch.size", "500000"));
      try (KafkaProducer<byte[], byte[]> producer = new KafkaProducer<>(settings, new ByteArraySerializer(), new ByteArraySerializer())) {
        for (int i = 0; i < count; i++) {
          byte[] value = ("record " + i + " 合同 ").repeat(1 + i % 30).getBytes("UTF-8");
          ProducerRecord<byte[], byte[]> record = new ProducerRecord<>(args[1] + codec, ("conversation-" + i % 50).getBytes("UTF-8"), value);
          record.headers().add(new RecordHeader("h", null)).add(new RecordHeader("h", new byte[] {(byte) i}));
          producer.send(record);
        }
      }
    }
  }
}
