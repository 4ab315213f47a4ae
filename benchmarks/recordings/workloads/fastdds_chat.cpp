// A DDS agent that writes and reads one topic of plain bytes (Fast DDS).
//
//     fastdds_chat MESSAGES udp
//     fastdds_chat MESSAGES tcp MY_ADDRESS PORT [PEER_ADDRESS]
#include <arpa/inet.h>
#include <chrono>
#include <cstring>
#include <memory>
#include <thread>

#include <fastdds/dds/domain/DomainParticipant.hpp>
#include <fastdds/dds/domain/DomainParticipantFactory.hpp>
#include <fastdds/dds/publisher/DataWriter.hpp>
#include <fastdds/dds/publisher/Publisher.hpp>
#include <fastdds/dds/subscriber/DataReader.hpp>
#include <fastdds/dds/subscriber/SampleInfo.hpp>
#include <fastdds/dds/subscriber/Subscriber.hpp>
#include <fastdds/dds/topic/TopicDataType.hpp>
#include <fastdds/dds/topic/TypeSupport.hpp>
#include <fastdds/rtps/transport/TCPv4TransportDescriptor.h>
#include <fastdds/rtps/transport/UDPv4TransportDescriptor.h>
#include <fastrtps/utils/IPLocator.h>

using namespace eprosima::fastdds::dds;
using namespace eprosima::fastdds::rtps;
using eprosima::fastrtps::rtps::IPLocator;
using eprosima::fastrtps::rtps::Locator_t;
using eprosima::fastrtps::rtps::InstanceHandle_t;
using eprosima::fastrtps::rtps::SerializedPayload_t;

struct Plan {
    char text[160] = "step";
};

class PlanType : public TopicDataType {
public:
    PlanType() {
        setName("Plan");
        m_typeSize = sizeof(Plan);
        m_isGetKeyDefined = false;
    }
    bool serialize(void *data, SerializedPayload_t *payload) override {
        std::memcpy(payload->data, data, sizeof(Plan));
        payload->length = sizeof(Plan);
        return true;
    }
    bool deserialize(SerializedPayload_t *payload, void *data) override {
        std::memcpy(data, payload->data, sizeof(Plan));
        return true;
    }
    std::function<uint32_t()> getSerializedSizeProvider(void *) override {
        return [] { return uint32_t(sizeof(Plan)); };
    }
    void *createData() override { return new Plan; }
    void deleteData(void *data) override { delete static_cast<Plan *>(data); }
    bool getKey(void *, InstanceHandle_t *, bool) override { return false; }
};

static Locator_t locator(const char *address, uint16_t port) {
    Locator_t where;
    where.kind = LOCATOR_KIND_TCPv4;
    IPLocator::setIPv4(where, address);
    IPLocator::setPhysicalPort(where, port);
    IPLocator::setLogicalPort(where, port);
    return where;
}

static void over_tcp(DomainParticipantQos &qos, int argc, char **argv) {
    auto transport = std::make_shared<TCPv4TransportDescriptor>();
    auto port = uint16_t(std::stoi(argv[4]));
    if (argc > 5) {
        qos.wire_protocol().builtin.initialPeersList.push_back(locator(argv[5], port));
    } else {
        transport->add_listener_port(port);
        auto mine = locator(argv[3], port);
        qos.wire_protocol().builtin.metatrafficUnicastLocatorList.push_back(mine);
        qos.wire_protocol().default_unicast_locator_list.push_back(mine);
    }
    qos.transport().user_transports.push_back(transport);
}

int main(int argc, char **argv) {
    int messages = std::stoi(argv[1]);
    DomainParticipantQos qos = PARTICIPANT_QOS_DEFAULT;
    qos.transport().use_builtin_transports = false;
    if (std::string(argv[2]) == "tcp") {
        over_tcp(qos, argc, argv);
    } else {
        qos.transport().user_transports.push_back(std::make_shared<UDPv4TransportDescriptor>());
    }
    auto *participant = DomainParticipantFactory::get_instance()->create_participant(0, qos);
    TypeSupport type(new PlanType);
    type.register_type(participant);
    auto *topic = participant->create_topic("plans", "Plan", TOPIC_QOS_DEFAULT);
    auto *writer = participant->create_publisher(PUBLISHER_QOS_DEFAULT)
                       ->create_datawriter(topic, DATAWRITER_QOS_DEFAULT);
    auto *reader = participant->create_subscriber(SUBSCRIBER_QOS_DEFAULT)
                       ->create_datareader(topic, DATAREADER_QOS_DEFAULT);
    Plan told, heard;
    SampleInfo info;
    for (int step = 0; step < messages; step++) {
        writer->write(&told);
        reader->take_next_sample(&heard, &info);
        std::this_thread::sleep_for(std::chrono::milliseconds(50));
    }
    return 0;
}
